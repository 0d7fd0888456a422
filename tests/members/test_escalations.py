"""Cases: one a subject and reason, a timer in business hours, one person who has it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from common.errors import Refused
from members import escalations
from members.models import AuditEntry, Escalation
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

AUSTIN = ZoneInfo("America/Chicago")


def raise_case(patient=None, **fields) -> Escalation:
    defaults = {"reason": "question", "summary": "Asked about parking.", "now": NOON}
    return escalations.open(patient=patient or factories.make_patient(), **{**defaults, **fields})


def test_raising_an_open_case_again_is_the_same_case_with_a_fresh_timer():
    patient = factories.make_patient()
    first = raise_case(patient)

    second = raise_case(
        patient, summary="Asked again.", severity=Escalation.Severity.HIGH, now=NOON + timedelta(hours=1)
    )

    assert second.pk == first.pk
    assert "Asked about parking." in second.summary
    assert "Asked again." in second.summary
    assert second.severity == Escalation.Severity.HIGH
    assert second.due_at == NOON + timedelta(hours=1, minutes=30)


def test_a_resolved_case_does_not_swallow_a_new_one():
    patient, dana = factories.make_patient(), factories.make_staff()
    first = raise_case(patient)
    escalations.resolve(escalation=first, by=dana, outcome="Called back", now=NOON)

    assert raise_case(patient).pk != first.pk


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        (datetime(2026, 6, 16, 11, 0, tzinfo=AUSTIN), datetime(2026, 6, 16, 12, 0, tzinfo=AUSTIN)),
        (datetime(2026, 6, 16, 18, 30, tzinfo=AUSTIN), datetime(2026, 6, 17, 9, 30, tzinfo=AUSTIN)),
        (datetime(2026, 6, 16, 22, 0, tzinfo=AUSTIN), datetime(2026, 6, 17, 10, 0, tzinfo=AUSTIN)),
        (datetime(2026, 6, 20, 20, 0, tzinfo=AUSTIN), datetime(2026, 6, 22, 10, 0, tzinfo=AUSTIN)),  # closed on Sunday
    ],
)
def test_the_timer_runs_in_the_locations_business_hours(opened, due):
    """R167."""
    assert raise_case(now=opened).due_at == due


def test_an_emergency_is_due_in_five_minutes_at_any_hour():
    """R162."""
    night = datetime(2026, 6, 21, 3, 0, tzinfo=AUSTIN)

    case = raise_case(now=night, reason="emergency", severity=Escalation.Severity.EMERGENCY)

    assert case.due_at == night + timedelta(minutes=5)


def test_a_claimed_case_is_refused_to_a_colleague_with_the_name_of_who_has_it():
    case, dana = raise_case(), factories.make_staff()
    other = factories.make_staff("lee@glowtheory.example")
    escalations.claim(escalation=case, by=dana, now=NOON)

    with pytest.raises(Refused, match="Dana Reyes already has this case"):
        escalations.claim(escalation=case, by=other, now=NOON)

    assert case.claimed_by == dana


def test_claiming_ones_own_case_again_is_harmless():
    case, dana = raise_case(), factories.make_staff()

    escalations.claim(escalation=case, by=dana, now=NOON)
    escalations.claim(escalation=case, by=dana, now=NOON)

    assert AuditEntry.objects.filter(action="escalation.claimed").count() == 1


def test_a_resolution_needs_an_outcome_and_happens_once():
    case, dana = raise_case(), factories.make_staff()

    with pytest.raises(Refused, match="how it ended"):
        escalations.resolve(escalation=case, by=dana, outcome=" ", now=NOON)
    escalations.resolve(escalation=case, by=dana, outcome="Booked", now=NOON)
    with pytest.raises(Refused, match="already resolved"):
        escalations.resolve(escalation=case, by=dana, outcome="Again", now=NOON)

    assert case.outcome == "Booked"


def test_a_case_of_an_unknown_number_has_no_patient():
    case = escalations.open(reason="unknown_number", summary="Who is this?", phone="+15125550199", now=NOON)

    assert case.patient is None
    assert case.subject == "phone:+15125550199"
    assert case.due_at == NOON + timedelta(hours=1)


def test_a_case_resolved_at_the_very_moment_it_is_raised_again_is_opened_anew(monkeypatch):
    patient, by = factories.make_patient(), factories.make_staff()
    raised = {"reason": "question", "summary": "Second", "patient": patient, "now": NOON}
    first = escalations.open(**{**raised, "summary": "First"})
    raise_again = escalations._raise_again

    def resolved_meanwhile(*args):
        escalations.resolve(escalation=first, by=by, outcome="Called", now=NOON)
        return raise_again(*args)

    monkeypatch.setattr(escalations, "_raise_again", resolved_meanwhile)
    second = escalations.open(**raised)

    assert second.pk != first.pk
    assert (second.state, second.summary) == ("open", "Second")
