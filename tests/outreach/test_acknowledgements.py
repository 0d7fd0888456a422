"""What was agreed to is told at once and can be kept (R92)."""

from datetime import timedelta

import pytest

from common import clock
from members import consent, membership_changes
from members.models import Escalation, MembershipChange, Patient, Quote
from outreach import acknowledgement_wording, acknowledgements, outbox, wording
from outreach.models import Acknowledgement, Message
from tests import factories
from tests.doubles.offers import by_page, offer, sold_plan
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db
Act, Kind = Quote.Act, MembershipChange.Kind
MIDNIGHT = NOON + timedelta(hours=13)


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


def told(now=NOON) -> str:
    acknowledgements.follow_all(now=now)
    return Message.objects.get(kind="confirmation").body


def test_an_upgrade_is_told_with_price_renewal_term_and_how_to_cancel(carrier, drain):
    """R92."""
    member = subscribed_member()
    by_page(offer(member, Act.UPGRADE, version=sold_plan("Radiance", cents=29900, minimum_term_months=4)))

    text = told()
    drain()

    assert text == (
        "Glow Theory: you are on Radiance now, Ana. $66.66 paid today, then $299.00 a month from 07/06/2026, renewing "
        "until you cancel. Minimum term: 4 months. To cancel, text us that you want to end your membership, or call "
        "(512) 555-0100."
    )
    assert carrier.sent[-1][0] == member.patient.phone


def test_the_row_for_the_e_mail_holds_every_term_and_a_neutral_subject():
    """R92, R108."""
    quote = by_page(offer(subscribed_member(), Act.PAUSE))
    told()

    row = Acknowledgement.objects.get(emailed_at__isnull=True)
    assert row.subject == "Your Glow Theory membership"
    assert row.address == "ana@patients.example"
    assert all(f"{label}: {words}" in row.body for label, words in quote.terms)


def test_a_patients_own_act_is_confirmed_at_night_too(carrier, drain):
    """settled.md, 13."""
    by_page(offer(subscribed_member(), Act.CANCEL), now=NOON)

    told(now=MIDNIGHT)

    assert Message.objects.get(kind="confirmation").due_at == MIDNIGHT


def test_what_happened_by_itself_waits_for_texting_hours():
    member = subscribed_member()
    membership_changes.note(Kind.LAPSED, membership=member, key="ended:1", now=MIDNIGHT, data={"rule": "grace"})

    acknowledgements.follow_all(now=MIDNIGHT)

    message = Message.objects.get(direction="out")
    assert message.kind == "servicing"
    assert message.due_at > MIDNIGHT
    assert "payment stayed open" in message.body


def test_each_change_is_told_once():
    by_page(offer(subscribed_member(), Act.PAUSE))

    first, second = acknowledgements.follow_all(now=NOON), acknowledgements.follow_all(now=NOON)

    assert (first, second) == (1, 0)
    assert Message.objects.filter(direction="out").count() == Acknowledgement.objects.count() == 1


def test_one_that_fails_is_tried_again_and_stops_no_other(monkeypatch):
    by_page(offer(subscribed_member(), Act.PAUSE))
    by_page(offer(subscribed_member(), Act.CANCEL))
    broken = MembershipChange.objects.earliest("pk")
    post = outbox.post

    def fails_once(**values):
        if values["dedupe_key"] == f"change:{broken.pk}":
            raise RuntimeError("broken")
        return post(**values)

    monkeypatch.setattr(outbox, "post", fails_once)
    first = acknowledgements.follow_all(now=NOON)
    monkeypatch.setattr(outbox, "post", post)

    assert (first, acknowledgements.follow_all(now=NOON)) == (1, 1)


def test_who_stopped_texts_still_gets_the_row_for_the_e_mail():
    """R103."""
    member = subscribed_member()
    consent.opt_out(address=member.patient.phone, channel="sms", wording="STOP", source="text", now=NOON)
    by_page(offer(member, Act.CANCEL))

    acknowledgements.follow_all(now=NOON)

    assert Message.objects.get(kind="confirmation").status == "held"
    assert Acknowledgement.objects.get().address == member.patient.email


@pytest.mark.parametrize("bodies", [*acknowledgement_wording.BODIES.values(), acknowledgement_wording.REDUCED])
@pytest.mark.parametrize("language", Patient.Language.values)
def test_every_change_has_words_in_both_languages_that_teach_no_opt_out_word(bodies, language):
    facts = dict.fromkeys(
        ("first_name", "practice", "practice_phone", "plan", "price", "due", "reduced", "starts", "next", "minimum"),
        "x",
    )

    text = wording.render(bodies[language], facts)

    assert text.startswith("x: ")
    assert wording.segments(text).encoding == "GSM-7"
    assert not any(word in text for word in ("CANCEL", "END", "QUIT"))  # R36


def test_a_spanish_speaker_reads_it_in_spanish():
    patient = factories.make_patient("Luz", language="es")
    by_page(offer(subscribed_member(patient=patient), Act.PAUSE))

    assert "su membres" in told()


def test_of_a_change_that_cannot_be_told_a_person_hears_once(monkeypatch):
    by_page(offer(subscribed_member(), Act.PAUSE))

    def breaks(pk, now):
        raise RuntimeError("boom")

    monkeypatch.setattr(acknowledgements, "_follow", breaks)

    for minutes in range(3):
        acknowledgements.follow_all(now=NOON + timedelta(minutes=minutes))

    case = Escalation.objects.get()
    assert (case.reason, case.last_raised_at) == ("billing_sync", NOON)
