"""Consent and opt-out: the last word counts, and an opt-out covers the address."""

from datetime import date, timedelta

import pytest

from common.errors import Refused
from members import consent
from members.models import AuditEntry, ConsentEntry
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)

# As on a form of the practice: all that 47 CFR 64.1200(f)(9) asks for.
SIGNED = (
    "I agree to receive automated marketing texts and calls, also with an artificial voice, from Glow Theory at the "
    "number above. Consent is not a condition of purchase."
)


def stop(address: str) -> ConsentEntry:
    return consent.opt_out(address=address, channel="sms", wording="STOP", source="text", now=NOON)


def test_a_number_given_at_intake_is_consent_to_servicing_only():
    """R8, R12."""
    patient = factories.make_patient()
    factories.agree(patient, "servicing")

    def allowed(purpose: str) -> bool:
        return consent.allows(patient=patient, address=patient.phone, channel="sms", purpose=purpose)

    assert allowed("servicing")
    assert not allowed("marketing")


@pytest.mark.parametrize("state", ["TX", "LA", "MS", "CA"])
def test_neither_a_state_nor_having_been_a_member_nor_health_care_makes_up_for_a_signature(state):
    """R9, R13, R14: no softer rule of one circuit, no health-care exemption, no old business relationship."""
    patient = factories.make_patient(state=state)
    factories.make_membership(patient, consent=False, status="cancelled", ended_at=NOON - 30 * DAY)
    factories.agree(patient, "servicing")

    allowed = consent.allows(patient=patient, address=patient.phone, channel="sms", purpose="marketing")

    assert not allowed


def test_consent_to_texts_is_no_consent_to_automated_calls():
    """R41."""
    patient = factories.make_patient()
    factories.agree(patient)

    assert not consent.allows(patient=patient, address=patient.phone, channel="voice", purpose="servicing")


def test_stop_ends_every_purpose():
    """R32."""
    patient = factories.make_patient()
    factories.agree(patient)

    stop(patient.phone)

    assert consent.is_opted_out(patient.phone, channel="sms")
    for purpose in ("servicing", "marketing"):
        assert not consent.allows(patient=patient, address=patient.phone, channel="sms", purpose=purpose)


def test_stop_on_a_shared_phone_covers_everyone_on_it():
    ana = factories.make_patient("Ana", phone="+15125550111")
    bea = factories.make_patient("Bea", phone="+15125550111")
    factories.agree(ana)
    factories.agree(bea)

    stop("+15125550111")

    assert not consent.allows(patient=bea, address=bea.phone, channel="sms", purpose="servicing")
    assert not consent.allows(patient=ana, address=ana.phone, channel="sms", purpose="servicing")


def test_start_restores_what_was_agreed_and_nothing_else():
    """R37."""
    patient = factories.make_patient()
    factories.agree(patient, "servicing")
    stop(patient.phone)

    consent.resubscribe(address=patient.phone, channel="sms", wording="START", source="text", now=NOON)

    assert consent.allows(patient=patient, address=patient.phone, channel="sms", purpose="servicing")
    assert not consent.allows(patient=patient, address=patient.phone, channel="sms", purpose="marketing")


def test_a_later_opt_in_by_form_does_not_lift_a_stop():
    """R37, R38: only the patient's own START does; a re-import stays suppressed."""
    patient = factories.make_patient()
    stop(patient.phone)

    factories.agree(patient)

    assert consent.is_opted_out(patient.phone, channel="sms")
    assert not consent.allows(patient=patient, address=patient.phone, channel="sms", purpose="servicing")


def test_consent_is_kept_with_its_wording_and_who_recorded_it():
    """R7."""
    patient, dana = factories.make_patient(), factories.make_staff()

    consent.opt_in(
        patient=patient,
        address=patient.phone,
        channel="sms",
        purpose="marketing",
        wording=SIGNED,
        source="paper form",
        now=NOON,
        recorded_by=dana,
    )

    entry = ConsentEntry.objects.get()
    assert (entry.wording, entry.source, entry.recorded_by) == (SIGNED, "paper form", dana)
    assert consent.allows(patient=patient, address=patient.phone, channel="sms", purpose="marketing")


def test_consent_without_its_wording_is_refused():
    """R7."""
    patient = factories.make_patient()

    with pytest.raises(Refused, match="what the patient was shown"):
        consent.opt_in(
            patient=patient,
            address=patient.phone,
            channel="sms",
            purpose="servicing",
            wording="  ",
            source="import",
            now=NOON,
        )


def test_history_shows_the_patients_words_and_those_of_the_number():
    patient = factories.make_patient()
    factories.agree(patient, "servicing")
    stop(patient.phone)

    assert [entry.act for entry in consent.history(patient)] == ["opt_out", "opt_in"]


def test_entries_cannot_be_changed_or_deleted():
    """R38."""
    entry = stop("+15125550111")

    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()


# --- how far a word reaches -------------------------------------------------------------------------------------------


def allowed(patient, purpose="marketing", channel="sms", address=""):
    return consent.allows(patient=patient, address=address or patient.phone, channel=channel, purpose=purpose)


def no_offers(patient, *, at=NOON):
    consent.withdraw(
        address=patient.phone, channel="sms", purpose="marketing", wording="No offers.", source="phone call", now=at
    )


def sign(patient, purpose="marketing", *, channel="sms", at=NOON, recorded_at=None, wording=SIGNED):
    return consent.opt_in(
        patient=patient, address=patient.phone, channel=channel, purpose=purpose, wording=wording,
        source="paper form", agreed_at=at, now=recorded_at or at,
    )  # fmt: skip


def test_no_offers_please_leaves_service_texts():
    patient = factories.make_patient()
    factories.agree(patient)

    no_offers(patient)

    assert allowed(patient, "servicing")
    assert not allowed(patient, "marketing")
    assert not consent.is_opted_out(patient.phone, channel="sms")
    assert consent.agreements(channel="sms", purpose="marketing") == set()


def test_start_brings_back_nothing_that_was_withdrawn():
    """R37."""
    patient = factories.make_patient()
    factories.agree(patient)
    no_offers(patient)
    stop(patient.phone)

    consent.resubscribe(address=patient.phone, channel="sms", wording="START", source="text", now=NOON)

    assert allowed(patient, "servicing")
    assert not allowed(patient, "marketing")


def test_a_new_signature_counts_from_its_own_day():
    """A form signed before the withdrawal and keyed in after it brings nothing back."""
    patient = factories.make_patient()
    no_offers(patient)

    sign(patient, at=NOON - DAY, recorded_at=NOON + DAY)
    before = allowed(patient), consent.agreements(channel="sms", purpose="marketing")
    sign(patient, at=NOON + DAY)
    after = allowed(patient), consent.agreements(channel="sms", purpose="marketing")

    assert before == (False, set())
    assert after == (True, {(patient.pk, patient.phone)})


def test_no_new_form_lifts_a_stop():
    """R37, R38: only the patient's own START does, whatever staff record."""
    patient = factories.make_patient()
    stop(patient.phone)

    sign(patient, at=NOON + DAY)

    assert not allowed(patient)


@pytest.mark.parametrize(("said_on", "asked_for"), [("sms", "voice"), ("voice", "sms")])
def test_revoking_texts_revokes_automated_calls_and_the_other_way_round(said_on, asked_for):
    """R30: any route, all texts and automated calls."""
    patient = factories.make_patient()
    factories.agree(patient, "servicing")
    factories.agree(patient, "automated_voice", channel="voice")

    consent.opt_out(address=patient.phone, channel=said_on, wording="Leave me alone", source="phone call", now=NOON)

    assert consent.is_opted_out(patient.phone, channel=asked_for)
    assert consent.opted_out_addresses(channel=asked_for) == {patient.phone}
    assert consent.asked_not_to_be_called(patient.phone) == (said_on == "voice")  # R40


def test_unsubscribing_from_email_leaves_texts_and_holds_in_any_spelling():
    """R39."""
    patient = factories.make_patient(email="Ana@Patients.example")
    factories.agree(patient)

    consent.opt_out(address="ANA@patients.example", channel="email", wording="link", source="e-mail link", now=NOON)

    assert consent.is_opted_out("ana@patients.EXAMPLE", channel="email")
    assert not consent.is_opted_out(patient.phone, channel="sms")
    assert [said.channel for said in consent.history(patient)] == ["email", "sms", "sms"]


ELEMENTS = {
    "the practice's name": ("Glow Theory", "the spa"),
    "that the patient agrees": ("agree to", "will"),
    "that texts or calls are automated, also by an artificial voice": ("automated ", ""),
    "which number it is for": ("at the number above", ""),
    "that agreeing is no condition of a purchase": ("Consent is not a condition of purchase.", ""),
}


@pytest.mark.parametrize("lacking", ELEMENTS)
def test_a_marketing_form_that_lacks_an_element_is_no_consent(lacking):
    """R10; R56: what was signed for another seller does not name this practice."""
    patient = factories.make_patient()
    factories.make_practice()
    written, instead = ELEMENTS[lacking]
    wording = SIGNED.replace(", also with an artificial voice,", "").replace(written, instead)

    with pytest.raises(Refused) as refusal:
        sign(patient, wording=wording)

    assert refusal.value.message.endswith(f"It lacks: {lacking}.")
    assert not ConsentEntry.objects.exists()


def test_a_service_form_need_not_say_so_much():
    """R8."""
    patient = factories.make_patient()

    sign(patient, "servicing", wording="You may text me about my appointments.")

    assert allowed(patient, "servicing")


def test_a_minor_cannot_consent():
    """R170."""
    child = factories.make_patient(birth_date=date(2009, 6, 17))

    with pytest.raises(Refused, match="under 18"):
        sign(child)


def test_the_proof_of_a_consent_stands_in_the_chained_trail():
    """R118: a wording that was changed later does not fit its trace."""
    entry = sign(factories.make_patient())

    trace = AuditEntry.objects.get(action="consent.opt_in")

    assert trace.data["proof"] == consent.proof(entry)
    entry.wording += " And everything else."
    assert trace.data["proof"] != consent.proof(entry)
