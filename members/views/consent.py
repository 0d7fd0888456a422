"""What a patient agreed to and refused, and where staff record what was said or signed (R7, R30)."""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from common import clock
from common.access import staff
from common.errors import Refused
from members import audit, consent, places
from members.forms import OptOutForm, PaperConsentForm
from members.models import ConsentEntry, Patient
from members.views import signed_in

Channel, Purpose = ConsentEntry.Channel, ConsentEntry.Purpose
_ASKED = (
    (Channel.SMS, Purpose.SERVICING, gettext_noop("Service texts")),
    (Channel.SMS, Purpose.MARKETING, gettext_noop("Offers by text")),
    (Channel.VOICE, Purpose.AUTOMATED_VOICE, gettext_noop("Automated calls")),
)


@dataclass(frozen=True)
class Address:
    """One number or e-mail address, and what may be sent there. `stopped` covers everyone on it."""

    address: str
    is_email: bool
    stopped: bool
    no_calls: bool
    allowed: list[tuple[str, bool]]


@staff(place=places.of_patient)
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Each address with what is allowed there, the history behind it, and the two forms."""
    patient = _find(pk)
    audit.record(
        "patient.viewed",
        actor=signed_in.actor(request),
        patient=patient,
        now=clock.now(),
        data={"page": "consent"},
    )
    return _page(request, patient, _paper(patient), OptOutForm(patient=patient))


@staff(place=places.of_patient)
@require_POST
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """Consent given on paper, with the exact wording and where the paper is."""
    patient, now = _find(pk), clock.now()
    form = PaperConsentForm(request.POST, patient=patient, today=clock.local_date(now, patient.zone))
    if not form.is_valid():
        return _page(request, patient, form, OptOutForm(patient=patient), status=422)
    said = form.cleaned_data
    # Noon of the day on the form: a signature has a date, not an hour.
    agreed_at = datetime.combine(said["signed_on"], time(12), tzinfo=ZoneInfo(patient.zone))
    channel, _, address = said["to"].partition(":")
    try:
        consent.opt_in(
            patient=patient,
            address=address,
            channel=channel,
            purpose=said["purpose"],
            wording=said["wording"],
            source="paper form",
            evidence=said["evidence"],
            agreed_at=min(agreed_at, now),
            recorded_by=signed_in.person(request),
            now=now,
        )
    except Refused as refused:
        form.add_error("wording", refused.message)
        return _page(request, patient, form, OptOutForm(patient=patient), status=422)
    messages.success(request, gettext_noop("Recorded. The wording and your name are kept with it."))
    return redirect("members:consent", pk=patient.pk)


@staff(place=places.of_patient)
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """An opt-out said at the desk, on the phone, in a letter: as good as a STOP (R30)."""
    patient = _find(pk)
    form = OptOutForm(request.POST, patient=patient)
    if not form.is_valid():
        return _page(request, patient, _paper(patient), form, status=422)
    said = form.cleaned_data
    channel, _, address = said["to"].partition(":")
    what = {
        "address": address,
        "channel": channel,
        "wording": said["wording"],
        "source": said["source"],
        "recorded_by": signed_in.person(request),
        "now": clock.now(),
    }
    if said["scope"]:
        consent.withdraw(purpose=said["scope"], patient=patient, **what)
    else:
        consent.opt_out(**what)
    messages.success(request, gettext_noop("Stopped. It holds from this moment, for everyone who uses the address."))
    return redirect("members:consent", pk=patient.pk)


def _paper(patient: Patient) -> PaperConsentForm:
    return PaperConsentForm(patient=patient, today=clock.local_date(clock.now(), patient.zone))


def _page(
    request: HttpRequest, patient: Patient, paper: PaperConsentForm, opt_out: OptOutForm, status: int = 200
) -> HttpResponse:
    context = {
        "patient": patient,
        "addresses": [_address(patient, address) for address in patient.addresses()],
        "history": consent.history(patient),
        "paper": paper,
        "opt_out": opt_out,
        "is_minor": patient.is_minor(clock.now()),
    }
    return render(request, "members/consent.html", context, status=status)


def _address(patient: Patient, address: str) -> Address:
    if "@" in address:
        stopped = consent.is_opted_out(address, channel=Channel.EMAIL)
        return Address(address, True, stopped, False, [("E-mail", not stopped)])
    allowed = [
        (words, consent.allows(patient=patient, address=address, channel=channel, purpose=purpose))
        for channel, purpose, words in _ASKED
    ]
    stopped = consent.is_opted_out(address, channel=Channel.SMS)
    return Address(address, False, stopped, consent.asked_not_to_be_called(address), allowed)


def _find(pk: int) -> Patient:
    return get_object_or_404(Patient.objects.select_related("home_location"), pk=pk, merged_into=None)
