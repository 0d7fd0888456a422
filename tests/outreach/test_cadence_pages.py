"""The pages of the week and of the sequences, through their doors."""

from datetime import timedelta

import pytest
from django.urls import reverse

from common import clock
from members.models import Practice
from outreach import playbooks, promotions, suppressions
from outreach.models import CadencePlan, Enrolment, KillSwitch, Promotion, Sequence
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _practice(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    playbooks.install()
    Sequence.objects.update(holdout_percent=0)
    factories.make_location()


@pytest.fixture
def owner(client):
    client.force_login(factories.make_staff(role="owner"))
    return client


def test_a_dry_run_lists_people_and_reasons_and_the_run_enrols_them_once(owner):
    factories.make_membership(credits_remaining=2, last_visit_at=NOON - timedelta(days=9))
    factories.make_membership(factories.make_patient("Lena"), credits_remaining=0)

    page = owner.post(reverse("outreach:dry_run"), {"which": "monday"}, follow=True).content.decode()
    assert "1 to write to" in page
    assert "2 membership credits ready" in page
    assert "9 days since the last visit" in page
    assert "no credits left: 1" in page
    assert not Enrolment.objects.exists()
    plan = CadencePlan.objects.get()
    for _ in range(2):
        page = owner.post(reverse("outreach:run", args=[plan.pk]), follow=True).content.decode()

    assert Enrolment.objects.count() == 1
    assert "run before; nobody was enrolled twice" in page
    assert "It ran on" in page


def test_the_desk_sees_the_week_and_may_not_run_it(client):
    client.force_login(factories.make_staff())

    page = client.get(reverse("outreach:cadence"))

    assert page.status_code == 200
    assert "Dry run</button>" not in page.content.decode()
    assert client.post(reverse("outreach:dry_run"), {"which": "monday"}).status_code == 403


def test_a_round_that_does_not_exist_is_a_message(owner):
    page = owner.post(reverse("outreach:dry_run"), {"which": "doomsday"}, follow=True).content.decode()

    assert "There is no “doomsday” cadence" in page


def test_automations_are_turned_on_and_off(owner):
    owner.post(reverse("outreach:turn"), {"automation": "upgrades_on", "on": "yes"})
    owner.post(reverse("outreach:turn"), {"automation": "nudges_on", "on": "no"})
    page = owner.post(reverse("outreach:turn"), {"automation": "name", "on": "yes"}, follow=True).content.decode()

    practice = Practice.current()
    assert (practice.upgrades_on, practice.nudges_on, practice.win_back_on) == (True, False, False)
    assert "There is no such automation" in page


def test_a_kill_switch_is_thrown_shown_and_lifted(owner):
    sequence = Sequence.objects.get(slug="upgrade")

    page = owner.post(
        reverse("outreach:throw"), {"scope": f"sequence:{sequence.pk}", "reason": "A typo"}, follow=True
    ).content.decode()

    assert "One sequence: Upgrade" in page
    assert "A typo" in page
    owner.post(reverse("outreach:lift", args=[KillSwitch.objects.get().pk]))
    assert KillSwitch.objects.get().lifted_at == NOON


@pytest.mark.parametrize("scope", ["", "all:", "planet", "location:999", "sequence:x"])
def test_a_switch_without_a_sensible_target_or_reason_is_a_message(owner, scope):
    owner.post(reverse("outreach:throw"), {"scope": scope, "reason": ""})

    assert not KillSwitch.objects.exists()


@pytest.mark.parametrize(
    ("kind", "ends_on", "made"),
    [
        ("bonus_credit", "2026-07-16", True),
        ("upgrade", "2026-07-16", True),
        ("bonus_credit", "2026-06-20", False),
        ("bonus_credit", "2026-02-31", False),
        ("bonus_credit", "soon", False),
        ("house", "2026-07-16", False),
    ],
)
def test_an_offer_to_come_back_has_a_real_end(owner, kind, ends_on, made):
    """R102."""
    owner.post(reverse("outreach:promote"), {"kind": kind, "ends_on": ends_on})

    assert Promotion.objects.exists() is made
    if made:
        owner.post(reverse("outreach:withdraw", args=[Promotion.objects.get().pk]))
        assert promotions.current(now=NOON) is None


def test_a_number_that_was_put_aside_can_be_used_again(owner):
    row = suppressions.add(address="+15125550199", channel="sms", why="landline", now=NOON, code="30006")
    assert "(512) 555-0199" in owner.get(reverse("outreach:cadence")).content.decode()

    owner.post(reverse("outreach:use_again", args=[row.pk]))

    assert suppressions.on("+15125550199", channel="sms") is None


def written(**changes) -> dict[str, str]:
    step = Sequence.objects.get(slug="utilization").steps.get()
    return {"0-day": "0", "0-hour": "", "0-wording": step.wording, "0-wording_es": step.wording_es} | changes


def test_a_new_version_is_saved_as_a_draft_and_put_live(owner):
    fields = written(**{"0-hour": "9", "note": "In the morning"}) | {"stops": ["booked", "replied"]}

    owner.post(reverse("outreach:sequence_edit", args=["utilization"]), fields)
    page = owner.post(reverse("outreach:approve", args=["utilization", 2]), follow=True).content.decode()

    live = Sequence.objects.get(slug="utilization").live
    assert (live.number, live.stops, live.note, live.steps.get().hour) == (
        2,
        ["booked", "replied"],
        "In the morning",
        9,
    )
    assert "Version 2 is live" in page


def test_a_bad_wording_comes_back_with_what_is_wrong_and_what_was_typed(owner):
    fields = written(**{"0-wording": "Hi {nobody}, botox!"}) | {"stops": ["booked"]}

    answer = owner.post(reverse("outreach:sequence_edit", args=["utilization"]), fields)

    assert answer.status_code == 422
    assert "is not a fact that we know" in answer.content.decode()
    assert "Hi {nobody}, botox!" in answer.content.decode()


def test_the_preview_is_the_text_of_a_real_member_with_its_segments(owner):
    factories.make_membership(factories.make_patient("Mara"), credits_remaining=3)

    shown = owner.post(reverse("outreach:sequence_preview", args=["utilization", 0]), written()).content.decode()

    assert "Hi Mara, it&#x27;s Glow Theory. You have 3 membership credits" in shown
    assert "1 segment" in shown


def test_a_sequence_shows_its_steps_and_how_it_ended(owner):
    page = owner.get(reverse("outreach:sequence", args=["payment_recovery"])).content.decode()

    assert "Automated call" in page
    assert "offers: pause" in page
    assert "Nobody was enrolled yet" in page
