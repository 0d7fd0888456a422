"""How a patient wants to be reached: each channel and purpose can be stopped here, and none switched on.

A notice before each payment is not sent unless it is asked for here.
"""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from common import clock
from members import consent, people
from members.models import ConsentEntry, Patient, PatientLink
from members.views import patient_pages

Channel, Purpose = ConsentEntry.Channel, ConsentEntry.Purpose
SOURCE = "preferences page"

_WORDS = {
    Channel.SMS: {Purpose.SERVICING: "About your membership and visits", Purpose.MARKETING: "Offers and news"},
    Channel.EMAIL: {Purpose.SERVICING: "About your membership and visits", Purpose.MARKETING: "Offers and news"},
    Channel.VOICE: {Purpose.SERVICING: "About your membership", Purpose.MARKETING: "Offers"},
}
_HEADINGS = {Channel.SMS: "Texts", Channel.EMAIL: "E-mails", Channel.VOICE: "Automated calls"}


def preferences_page(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    """A GET shows what is allowed now; each button stops one thing, or asks for the notice before a payment."""
    patient = link.membership.patient
    if request.method != "POST":
        return _page(request, patient, token)
    if "notice" in request.POST:
        wanted = request.POST["notice"] == "on"
        people.correct(patient=patient, actor=f"link:{link.pk}", now=clock.now(), wants_renewal_notice=wanted)
        return patient_pages.private(redirect("members:link", token=token))
    channel, _, purpose = request.POST.get("stop", "").partition(":")
    address = _addresses(patient).get(channel, "")
    if not address or purpose not in ("", *Purpose.values):
        return _page(request, patient, token, refused="Please use one of the buttons.")
    said: dict[str, Any] = {
        "address": address,
        "channel": channel,
        "source": SOURCE,
        "now": clock.now(),
        "patient": patient,
    }
    if purpose:
        consent.withdraw(**said, purpose=purpose, wording=f"Stop: {_WORDS[Channel(channel)][Purpose(purpose)]}")
    else:
        consent.opt_out(**said, wording=f"Stop all: {_HEADINGS[Channel(channel)]}")
    return patient_pages.private(redirect("members:link", token=token))


def _page(request: HttpRequest, patient: Patient, token: str, *, refused: str = "") -> HttpResponse:
    channels = [_channel(patient, channel, address) for channel, address in _addresses(patient).items() if address]
    context = {
        "token": token,
        "channels": channels,
        "wants_renewal_notice": patient.wants_renewal_notice,
        "refused": refused,
    }
    status = HTTPStatus.CONFLICT if refused else HTTPStatus.OK
    return patient_pages.page(request, "patient/preferences.html", context, status=status)


def _channel(patient: Patient, channel: str, address: str) -> dict[str, Any]:
    purposes = [
        {
            "key": f"{channel}:{purpose}",
            "words": words,
            "on": consent.allows(patient=patient, address=address, channel=channel, purpose=purpose),
        }
        for purpose, words in _WORDS[Channel(channel)].items()
    ]
    return {
        "key": channel,
        "heading": _HEADINGS[Channel(channel)],
        "address": _masked(address),
        "purposes": purposes,
        "on": any(purpose["on"] for purpose in purposes),
    }


def _addresses(patient: Patient) -> dict[str, str]:
    return {Channel.SMS: patient.phone, Channel.EMAIL: patient.email, Channel.VOICE: patient.phone}


def _masked(address: str) -> str:
    """Enough to know it by, not enough to learn it (the page needs no login)."""
    name, at, host = address.partition("@")
    return f"{name[:1]}…@{host}" if at else f"number ending in {address[-2:]}"
