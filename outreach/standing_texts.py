"""The texts that are no step of a sequence, in the patient's language and the practice's name."""

from common import phones
from members.models import Patient, Practice
from outreach import playbooks, wording


def opted_out(patient: Patient | None) -> str:
    return _render(playbooks.OPTED_OUT, patient)


def help_text(patient: Patient | None, *, with_choices: bool = False) -> str:
    """`with_choices`: the text gets a link to the preferences page."""
    choices = playbooks.CHOICES[patient.language if patient else "en"] if with_choices else ""
    return _render(playbooks.HELP, patient) + choices


def still_wanted(patient: Patient) -> str:
    """After a long silence (R16)."""
    return _render(playbooks.STILL_WANTED, patient)


def still_on(patient: Patient | None) -> str:
    return _render(playbooks.STILL_ON, patient)


def thanks(patient: Patient) -> str:
    return _render(playbooks.THANKS, patient)


def payment_link(patient: Patient, *, amount: str) -> str:
    return _render(playbooks.PAYMENT_LINK, patient, amount=amount)


def pause_asked(patient: Patient) -> str:
    return _render(playbooks.PAUSE_ASKED, patient)


def grace_ended(patient: Patient, *, amount: str, paused: bool) -> str:
    """The membership is paused now, or has ended, because a payment stayed open."""
    return _render(playbooks.GRACE_PAUSED if paused else playbooks.GRACE_ENDED, patient, amount=amount)


def _render(template: dict[str, str], patient: Patient | None, **more: str) -> str:
    practice = Practice.current()
    facts = {
        "first_name": patient.first_name if patient else "",
        "practice": practice.name,
        "practice_phone": phones.readable(practice.phone),
        "practice_email": practice.email,
    }
    return wording.render(template[patient.language if patient else "en"], facts | more)
