"""What was agreed to is told at once and can be kept (R92)."""

from datetime import timedelta

import pytest
from django.core import mail

from common import clock
from members import consent, membership_changes
from members.models import Escalation, MembershipChange, Patient, Quote
from outreach import acknowledgement_wording, acknowledgements, delivery, outbox, wording
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


def test_the_e_mail_holds_every_term_under_a_neutral_subject(drain):
    """R92, R108."""
    quote = by_page(offer(subscribed_member(), Act.PAUSE))
    told()
    drain()

    [letter] = mail.outbox
    assert (letter.to, letter.subject) == (["ana@patients.example"], "A message from Glow Theory")
    assert all(f"{label}: {words}" in letter.body for label, words in quote.terms)
    assert Acknowledgement.objects.get().mail.status == "sent"


def test_a_patients_own_act_is_confirmed_at_night_too(carrier, drain):
    """settled.md, 13."""
    by_page(offer(subscribed_member(), Act.CANCEL), now=NOON)

    told(now=MIDNIGHT)

    assert Message.objects.get(kind="confirmation").due_at == MIDNIGHT


def test_what_happened_by_itself_waits_for_texting_hours():
    member = subscribed_member()
    membership_changes.note(Kind.LAPSED, membership=member, key="ended:1", now=MIDNIGHT, data={"rule": "grace"})

    acknowledgements.follow_all(now=MIDNIGHT)

    message = Message.objects.get(channel="sms")
    assert message.kind == "servicing"
    assert message.due_at > MIDNIGHT
    assert "payment stayed open" in message.body


def test_each_change_is_told_once():
    by_page(offer(subscribed_member(), Act.PAUSE))

    first, second = acknowledgements.follow_all(now=NOON), acknowledgements.follow_all(now=NOON)

    assert (first, second) == (1, 0)
    assert Acknowledgement.objects.count() == 1
    assert sorted(Message.objects.values_list("channel", flat=True)) == ["email", "sms"]


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


@pytest.mark.parametrize("stopped", [("sms",), ("email",), ("sms", "email")])
def test_who_stopped_messages_still_gets_it_to_keep(carrier, drain, stopped):
    """R92, R103: an opt-out of e-mail is not one of what the law asks for."""
    member = subscribed_member()
    for channel, address in (("sms", member.patient.phone), ("email", member.patient.email)):
        if channel in stopped:
            consent.opt_out(address=address, channel=channel, wording="STOP", source="test", now=NOON)
    by_page(offer(member, Act.CANCEL))

    acknowledgements.follow_all(now=NOON)
    drain()

    assert len(carrier.sent) == ("sms" not in stopped)
    assert len(mail.outbox) == 1
    assert not Escalation.objects.exists()


@pytest.mark.parametrize("email", ["", "ana@patients.example"])
def test_who_can_be_told_in_no_way_is_told_by_a_person(drain, email, settings):
    """R92: nobody's membership changes without a word that can be kept."""
    settings.MAIL_FROM = "" if email else settings.MAIL_FROM
    member = subscribed_member(patient=factories.make_patient(email=email))
    consent.opt_out(address=member.patient.phone, channel="sms", wording="STOP", source="text", now=NOON)
    by_page(offer(member, Act.CANCEL))

    acknowledgements.follow_all(now=NOON)
    drain()

    case = Escalation.objects.get()
    assert (case.reason, case.patient) == ("undelivered", member.patient)
    assert "opted out of texts" in case.summary
    assert mail.outbox == []


@pytest.mark.parametrize(("lost", "cases"), [(("sms",), 0), (("email",), 0), (("sms", "email"), 1)])
def test_a_person_tells_it_if_neither_text_nor_e_mail_arrives(carrier, drain, lost, cases):
    by_page(offer(subscribed_member(), Act.CANCEL))
    told()
    drain()

    for channel in lost:
        message = Message.objects.get(channel=channel)
        delivery.record_status(message_uuid=message.uuid, status="undelivered", sid="", error_code="30007", now=NOON)

    assert Escalation.objects.count() == cases


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
