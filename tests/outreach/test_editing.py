"""Staff write a new version; what is wrong with it is said; nobody gets it before it is put live."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from common.errors import Refused
from outreach import editing, playbooks, sequences, wording_rules
from outreach.models import Sequence, SequenceVersion
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

GOOD = "Hi {first_name}, it's {practice}. You have {credits}. Reply STOP to opt out."


@pytest.fixture
def sequence():
    playbooks.install()
    return Sequence.objects.get(slug="utilization")


@pytest.fixture
def owner():
    return factories.make_staff("o@glowtheory.example", role="owner")


def step(**fields) -> editing.DraftStep:
    values = {"day": 0, "hour": None, "channel": "sms", "kind": "marketing", "wording": GOOD, "wording_es": ""}
    return editing.DraftStep(**{**values, **fields})


def save(sequence, by, *steps, stops=("booked",)):
    return editing.draft(sequence=sequence, steps=steps or [step()], stops=list(stops), note="Shorter", by=by, now=NOON)


def errors(text: str, **fields) -> str:
    found = wording_rules.findings(text, **{"kind": "marketing", "first": True, **fields})
    return " ".join(finding.words for finding in found if finding.is_error)


def test_a_good_wording_has_no_findings():
    assert wording_rules.findings(GOOD, kind="marketing", first=True) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("{credits}", "{crdits}"), "is not a fact"),
        (GOOD.replace("{practice}", "us"), "R52"),
        (GOOD.replace("Reply STOP to opt out.", ""), "R53"),
        (GOOD + " Botox is back.", "R107"),
        (GOOD + " Some swelling is normal.", "R158"),
        (GOOD + " La hinchazón es normal.", "R158"),
        (GOOD + " Are you pregnant? Wait with it.", "R158"),
        (GOOD + " Results guaranteed.", "R169"),
        (GOOD + " Your card was stolen.", "R140"),
        (GOOD + " Win the raffle.", "R55"),
        (GOOD + " See bit.ly/x", "R54"),
        (GOOD + " Last chance!", "R102"),
        (GOOD + " Very long." * 30, "R74"),
        ("", "no wording"),
    ],
)
def test_what_a_wording_may_not_have(text, said):
    assert said in errors(text)


def test_the_name_of_a_service_of_the_practice_is_not_in_a_text():
    """R107: also one that no list knows."""
    assert "R107" in errors(GOOD + " Time for a Moonbeam Ritual.", services=["Moonbeam Ritual"])


@pytest.mark.parametrize("slug", playbooks.PLAYBOOKS)
def test_what_we_ship_passes_our_own_rules(slug):
    playbooks.install()
    version = Sequence.objects.get(slug=slug).live

    found = editing.check(editing.as_drafts(version), version.stops)

    assert [finding for _, finding in found if finding.is_error] == []


@pytest.mark.parametrize(
    ("steps", "stops", "said"),
    [
        ([], ["booked"], "at least one step"),
        ([step()], [], "at least one stop"),
        ([step()], ["never"], "is not a stop"),
        ([step(day=3), step(day=1)], ["booked"], "days may not go back"),
        ([step(hour=24)], ["booked"], "0 to 23"),
        ([step(choices=("dance",))], ["booked"], "not a reply"),
        ([step(channel="pigeon")], ["booked"], "how it is sent"),
    ],
)
def test_a_sequence_that_makes_no_sense_is_refused_and_nothing_is_kept(sequence, owner, steps, stops, said):
    with pytest.raises(Refused) as refused:
        editing.draft(sequence=sequence, steps=steps, stops=stops, note="", by=owner, now=NOON)

    assert said in refused.value.message
    assert sequence.versions.count() == 1


def test_a_draft_is_sent_to_nobody_and_running_enrolments_keep_their_version(sequence, owner):
    before = sequences.enrol(slug="utilization", membership=factories.make_membership(), cause="a", now=NOON)
    version = save(sequence, owner)
    between = sequences.enrol(slug="utilization", membership=factories.make_membership(), cause="a", now=NOON)
    editing.approve(version=version, by=owner, now=NOON)
    after = sequences.enrol(slug="utilization", membership=factories.make_membership(), cause="a", now=NOON)

    assert [each.version.number for each in (before, between, after)] == [1, 1, 2]
    assert before.steps.get().wording != GOOD
    assert after.steps.get().wording == GOOD


@pytest.mark.parametrize(("role", "may"), [("owner", True), ("clinician", True), ("manager", False)])
def test_marketing_is_put_live_by_somebody_responsible(sequence, owner, role, may):
    """R169."""
    version = save(sequence, owner)
    reader = factories.make_staff("r@glowtheory.example", role=role)

    with nullcontext() if may else pytest.raises(Refused, match="An owner or a clinician"):
        editing.approve(version=version, by=reader, now=NOON)

    version.refresh_from_db()
    assert (version.approved_at is not None) is may


def test_an_old_draft_cannot_replace_what_came_later(sequence, owner):
    old, new = save(sequence, owner), save(sequence, owner, replace(step(), day=1))
    editing.approve(version=new, by=owner, now=NOON)

    with pytest.raises(Refused):
        editing.approve(version=old, by=owner, now=NOON)

    assert SequenceVersion.objects.filter(sequence=sequence, approved_at__isnull=False).count() == 2
