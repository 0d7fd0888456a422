"""Consent and opt-out: the last word counts, and an opt-out covers the address."""

import pytest

from common.errors import Refused
from members import consent
from members.models import ConsentEntry
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

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
