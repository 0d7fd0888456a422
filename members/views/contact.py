"""What reaches a person, where they live, with whom, and who pays."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_POST, require_safe

from common import clock
from common.access import staff
from common.errors import Refused
from members import audit, households, people, places
from members.forms import ContactForm
from members.models import Membership, Patient
from members.views import signed_in

Act = Callable[[HttpRequest, Patient, str], str]
_FIELDS = ("first_name", "last_name", "language", "zip_code", "state", "time_zone", "home_location")


@staff(place=places.of_patient)
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that reaches the patient, with the acts on it."""
    patient = _find(pk)
    data = {"page": "contact"}
    audit.record("patient.viewed", actor=signed_in.actor(request), patient=patient, now=clock.now(), data=data)
    return _page(request, patient, _form(patient))


@staff(place=places.of_patient)
@require_POST
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """One change; what cannot be done is said, and nothing is changed."""
    patient, do = _find(pk), _ACTS.get(act)
    if act == "correct":
        return _correct(request, patient)
    if do is None:
        raise Http404
    try:
        messages.success(request, do(request, patient, signed_in.actor(request)))
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("members:contact", pk=patient.pk)


def _correct(request: HttpRequest, patient: Patient) -> HttpResponse:
    form = _form(patient, request.POST)
    if not form.is_valid():
        return _page(request, patient, form, status=422)
    changed = people.correct(patient=patient, actor=signed_in.actor(request), now=clock.now(), **form.cleaned_data)
    messages.success(request, _("Saved.") if changed else _("Nothing was different."))
    return redirect("members:contact", pk=patient.pk)


def _add_phone(request: HttpRequest, patient: Patient, actor: str) -> str:
    people.add_phone(patient=patient, written=request.POST.get("number", ""), actor=actor, now=clock.now())
    return "Number added. Record consent before texts go there."


def _text_to(request: HttpRequest, patient: Patient, actor: str) -> str:
    people.text_to(patient=patient, number=request.POST.get("number", ""), actor=actor, now=clock.now())
    return "Texts go there from now on."


def _remove_phone(request: HttpRequest, patient: Patient, actor: str) -> str:
    people.remove_phone(patient=patient, number=request.POST.get("number", ""), actor=actor, now=clock.now())
    return "Number removed."


def _wrong_number(request: HttpRequest, patient: Patient, actor: str) -> str:
    number = request.POST.get("number", "")
    if not patient.phones.filter(number=number).exists():
        raise Refused(_("This number is not on file any more."))
    said = "Staff were told that somebody else has this number."
    people.wrong_number(number=number, wording=said, source="staff", by=signed_in.person(request), now=clock.now())
    return "Nothing more goes to that number, and nobody here has it any more. Ask for the new one."


def _add_email(request: HttpRequest, patient: Patient, actor: str) -> str:
    address = request.POST.get("address", "").strip()
    try:
        validate_email(address)
    except ValidationError:
        raise Refused(_("That is no e-mail address. Write it like ana@example.com.")) from None
    people.add_email(patient=patient, address=address, actor=actor, now=clock.now())
    return "E-mail address added."


def _remove_email(request: HttpRequest, patient: Patient, actor: str) -> str:
    people.remove_email(patient=patient, address=request.POST.get("address", ""), actor=actor, now=clock.now())
    return "E-mail address removed."


def _join(request: HttpRequest, patient: Patient, actor: str) -> str:
    other = _named(request.POST.get("who", ""), patient)
    household = households.join(patient=patient, other=other, actor=actor, now=clock.now())
    return f"{patient.first_name} and {other.first_name} are in {household}."


def _leave(request: HttpRequest, patient: Patient, actor: str) -> str:
    households.leave(patient=patient, actor=actor, now=clock.now())
    return f"{patient.first_name} is in no household any more."


def _payer(request: HttpRequest, patient: Patient, actor: str) -> str:
    membership = patient.memberships.filter(status__in=Membership.CURRENT).first()
    if membership is None:
        raise Refused(_("There is no membership to pay for."))
    words = request.POST.get("who", "").strip()
    payer = _named(words, patient) if words else None
    people.set_payer(membership=membership, payer=payer, actor=actor, now=clock.now())
    return f"{payer} pays from now on." if payer else f"{patient.first_name} pays from now on."


def _named(words: str, patient: Patient) -> Patient:
    """The one other patient with this name or number. Raises Refused for none or several."""
    words = words.strip()[:80]
    found = list(Patient.objects.here().matching(words).exclude(pk=patient.pk)[:2]) if words else []
    if len(found) != 1:
        several = "Several patients match. Write the whole number."
        raise Refused(several if found else _("Nobody matches. Write the name or the number of a patient."))
    return found[0]


_ACTS: dict[str, Act] = {
    "add-phone": _add_phone,
    "text-to": _text_to,
    "remove-phone": _remove_phone,
    "wrong-number": _wrong_number,
    "add-email": _add_email,
    "remove-email": _remove_email,
    "join": _join,
    "leave": _leave,
    "payer": _payer,
}


def _form(patient: Patient, given: Any = None) -> ContactForm:
    initial = {name: getattr(patient, name) for name in _FIELDS}
    told = Patient(zip_code=patient.zip_code, home_location=patient.home_location)
    return ContactForm(given, initial=initial, told=told.zone if patient.zip_code else patient.home_location.time_zone)


def _page(request: HttpRequest, patient: Patient, form: ContactForm, status: int = 200) -> HttpResponse:
    numbers = [phone.number for phone in patient.phones.all()]
    context = {
        "patient": patient,
        "form": form,
        "phones": patient.phones.order_by("-is_primary", "pk"),
        "emails": [each for each in patient.addresses() if "@" in each],
        "shared_with": Patient.objects.here().filter(phones__number__in=numbers).exclude(pk=patient.pk).distinct(),
        "at_home": patient.household.people.exclude(pk=patient.pk) if patient.household else [],
        "membership": patient.memberships.filter(status__in=Membership.CURRENT).select_related("payer").first(),
        "pays_for": patient.pays_for.select_related("patient"),
        "is_minor": patient.is_minor(clock.now()),
    }
    return render(request, "members/contact.html", context, status=status)


def _find(pk: int) -> Patient:
    people_here = Patient.objects.here().select_related("home_location", "household").prefetch_related("phones")
    return get_object_or_404(people_here, pk=pk)
