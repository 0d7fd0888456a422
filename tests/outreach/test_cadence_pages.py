"""The pages of the week and of the sequences, through their doors."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.html import escape

from common import clock
from members import consent
from members.models import AuditEntry, Practice
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


def test_the_week_is_a_calendar_of_what_ran_what_did_not_and_what_is_planned(owner):
    """Noon is a Tuesday; Wednesday's round was run by hand a day early and stands where it ran."""
    CadencePlan.objects.create(
        which="monday", on=NOON.date() - timedelta(days=1), made_at=NOON, ran_at=NOON, enrolled=4
    )
    CadencePlan.objects.create(which="wednesday", on=NOON.date(), made_at=NOON, ran_at=NOON, enrolled=2)
    CadencePlan.objects.create(which="daily", on=NOON.date() - timedelta(days=1), made_at=NOON)  # a dry run only

    page = owner.get(reverse("outreach:cadence")).content.decode()

    words = " ".join(re.sub(r"<[^>]+>", " ", page.split('id="h-days"')[1].split("</section>")[0]).split())
    assert (
        "Mon Jun 15 10:00 Monday 4 enrolled 11:00 Every day did not run 17:00 Every evening did not run "
        "Tue Jun 16 10:00 Wednesday 2 enrolled 11:00 Every day planned 17:00 Every evening planned "
        "Wed Jun 17 10:00 Wednesday planned"
    ) in words
    assert words.count("planned") == 2 + 3 + 2 + 3 + 2 + 2


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


def test_an_offer_that_a_third_party_pays_for_cannot_be_made(owner):
    """R113: it would need an authorization of each patient; there is no field for who pays, and none is read."""
    owner.post(
        reverse("outreach:promote"), {"kind": "funded", "ends_on": "2026-07-16", "funded_by": "A maker of fillers"}
    )

    assert not Promotion.objects.exists()
    fields = {field.name for field in Promotion._meta.get_fields()}
    assert fields == {"id", "kind", "service", "ends_on", "made_at", "made_by", "withdrawn_at"}


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


def test_a_version_that_a_colleague_saved_meanwhile_is_shown_beside_what_was_typed(owner):
    address = reverse("outreach:sequence_edit", args=["utilization"])
    begun = {name: owner.get(address).context[name] for name in ("base", "seen")} | {"stops": ["booked"]}
    theirs = "Hi {first_name}, it's {practice}. {credits} wait for you. Reply STOP to opt out."
    mine = "Hi {first_name}, it's {practice}. Use {credits} soon. Reply STOP to opt out."
    owner.post(address, written(**{"0-wording": theirs}) | begun)

    bad = owner.post(address, written(**{"0-wording": "Hi {nobody}!"}) | begun)
    refused = owner.post(address, written(**{"0-wording": mine, "0-hour": "9"}) | begun | {"seen": bad.context["seen"]})
    versions = Sequence.objects.get(slug="utilization").versions.count()
    again = owner.post(
        address, written(**{"0-wording": mine, "0-hour": "9"}) | begun | {"seen": refused.context["seen"]}
    )

    assert (refused.status_code, versions) == (422, 2)
    assert [(one.what, one.theirs, one.yours) for one in refused.context["both"]] == [
        ("Step 1: Hour", "", "9"),
        ("Step 1: English", theirs, mine),
    ]
    shown = refused.content.decode()
    assert "Saved meanwhile: version 2 by Dana Reyes" in shown
    assert shown.count(escape(mine)) == 2  # in the comparison, and still in its field
    assert again.status_code == 302


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


class TestByHand:
    """Members ticked in the list, or all that match its filter."""

    def test_ticked_members_are_planned_with_reasons_then_enrolled_once(self, owner):
        chosen = factories.make_membership(credits_remaining=2)
        booked = factories.make_membership(
            factories.make_patient("Lena"), credits_remaining=1, next_appointment_at=NOON + timedelta(days=3)
        )
        left_alone = factories.make_membership(factories.make_patient("Mia"), credits_remaining=3)
        ticks = f"{reverse('members:enrol')}?member={chosen.pk}&member={booked.pk}"

        assert f'name="member" value="{left_alone.pk}"' in owner.get("/members/").content.decode()
        assert "Enrol 2 members" in owner.get(ticks).content.decode()
        plan_page = owner.post(ticks, {"sequence": "utilization"}, follow=True).content.decode()
        assert "Utilization nudge, for members chosen by hand" in plan_page
        assert "1 to write to" in plan_page
        assert "appointment on June 19" in plan_page
        assert not Enrolment.objects.exists()
        plan = CadencePlan.objects.get()
        for _ in range(2):
            owner.post(reverse("outreach:run", args=[plan.pk]))

        assert [each.membership_id for each in Enrolment.objects.all()] == [chosen.pk]
        actions = AuditEntry.objects.filter(action__startswith="cadence.").order_by("pk")
        assert [each.action for each in actions] == ["cadence.chosen_by_hand", "cadence.run"]
        assert "Members chosen by hand" not in owner.get(reverse("outreach:cadence")).content.decode()

    def test_all_that_match_the_filter_are_taken_and_a_second_plan_finds_them_enrolled(self, owner):
        for name in ("Ana", "Lena"):
            factories.make_membership(factories.make_patient(name), credits_remaining=2)
        factories.make_membership(factories.make_patient("Mia"), status="cancelled", ended_at=NOON)
        matching = f"{reverse('members:enrol')}?all=yes&status=active"

        assert "Enrol 2 members" in owner.get(matching).content.decode()
        first = owner.post(matching, {"sequence": "come_back"}, follow=True).content.decode()
        owner.post(reverse("outreach:run", args=[CadencePlan.objects.get().pk]))
        again = owner.post(matching, {"sequence": "come_back"}, follow=True).content.decode()

        assert "2 to write to" in first
        assert "0 to write to" in again
        assert "already enrolled: 2" in again

    def test_who_is_enrolled_by_hand_is_not_nudged_by_monday_too(self, owner):
        member = factories.make_membership(credits_remaining=2)
        owner.post(f"{reverse('members:enrol')}?member={member.pk}", {"sequence": "utilization"})
        owner.post(reverse("outreach:run", args=[CadencePlan.objects.get().pk]))

        monday = owner.post(reverse("outreach:dry_run"), {"which": "monday"}, follow=True).content.decode()

        assert "already enrolled this month: 1" in monday

    @pytest.mark.parametrize(
        ("sequence", "fields", "why"),
        [
            ("utilization", {"status": "paused"}, "the membership is paused"),
            ("utilization", {"status": "past_due"}, "not an active membership"),
            ("utilization_60", {"credits_remaining": 0}, "no credits left"),
            ("win_back", {}, "the membership has not ended"),
        ],
    )
    def test_a_member_whom_the_sequence_does_not_suit_is_named_with_the_reason(self, owner, sequence, fields, why):
        Practice.objects.update(win_back_on=True)
        member = factories.make_membership(**{"credits_remaining": 2, **fields})

        page = owner.post(f"{reverse('members:enrol')}?member={member.pk}", {"sequence": sequence}, follow=True)

        assert f"{why}: 1" in page.content.decode()

    def test_whoever_opted_out_is_left_out(self, owner):
        """Consent is asked for the list, and again at each send."""
        member = factories.make_membership(credits_remaining=2)
        consent.opt_out(address=member.patient.phone, channel="sms", wording="STOP", source="text", now=NOON)

        page = owner.post(f"{reverse('members:enrol')}?member={member.pk}", {"sequence": "utilization"}, follow=True)

        assert "opted out of texts: 1" in page.content.decode()

    @pytest.mark.parametrize(
        ("query", "sequence", "words"),
        [
            ("", "utilization", "Choose at least one member"),
            ("all=yes", "payment_recovery", "Choose one of the sequences"),
        ],
    )
    def test_nothing_chosen_and_sequences_that_follow_facts_are_refused(self, owner, query, sequence, words):
        factories.make_membership()

        page = owner.post(f"{reverse('members:enrol')}?{query}", {"sequence": sequence})

        assert page.status_code == 409
        assert words in page.content.decode()
        assert not CadencePlan.objects.exists()

    def test_the_desk_is_offered_no_ticks_and_not_let_in(self, client):
        factories.make_membership()
        client.force_login(factories.make_staff())

        assert 'name="member"' not in client.get("/members/").content.decode()
        assert client.get(reverse("members:enrol")).status_code == 403
