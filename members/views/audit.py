"""The audit trail for owners and managers: search, proof, files. Each look is itself on record (R116)."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import DateField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_POST, require_safe

from common import clock, spreadsheets, tables
from common.access import EVERYWHERE, staff
from common.errors import Refused
from members import audit, audit_export, audit_seals, places
from members.forms import AuditFilter
from members.models import AuditEntry, AuditSeal, Location, Patient
from members.tables import AuditTable
from members.views import signed_in
from members.views.signed_in import LEADERS

# More links than a request should check; the command has no limit.
MOST_LINKS = 200_000


@staff(*LEADERS, place=EVERYWHERE)
@require_safe
def trail(request: HttpRequest) -> HttpResponse:
    """The entries, newest first; the last proof and the form for a new one."""
    zone = _zone()
    asked = AuditFilter(request.GET, zone=zone)
    rows = asked.apply(AuditEntry.objects.select_related("patient"))
    table = AuditTable(rows, zone=zone, names=audit_export.names(), filtered=asked.asks)
    context = {
        "filter": asked,
        "zone": zone,
        "proof": AuditEntry.objects.filter(action="audit.verified").order_by("-pk").first(),
        "asked": request.GET.urlencode(),
    }
    page = tables.page(request, table, "members/audit.html", context)
    if asked.asks:
        shown = len(table.page.object_list)
        data = {"shown": shown, "by": sorted(name for name, value in asked.cleaned_data.items() if value)}
        audit.record("audit.searched", actor=signed_in.actor(request), patient=None, now=clock.now(), data=data)
    return page


@staff(*LEADERS, place=EVERYWHERE)
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Prove one UTC day of the chain, or all of it."""
    now = clock.now()
    try:
        day = DateField(required=False).clean(request.POST.get("day", ""))
        if day is None and AuditSeal.objects.filter(position__gt=MOST_LINKS).exists():
            raise Refused(_("The whole trail takes long: choose a day here, or run “manage.py verify_audit”."))
        found = audit_seals.verify(day=day)
    except ValidationError:
        messages.error(request, _("Write the day as 2026-06-16."))
        return redirect("members:audit")
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("members:audit")
    audit_seals.note(found, actor=signed_in.actor(request), now=now)
    if found.broken:
        entry = f"entry {found.broken.entry}" if found.broken.entry else "an entry"
        words = f"The trail is broken at link {found.broken.position}: {entry} {found.broken.words}."
        messages.error(request, f"{words} Keep this page and call whoever runs the database.")
    else:
        messages.success(request, f"The trail holds: {found.links:,} entries are as they were written.")
    return redirect("members:audit")


@staff(*LEADERS, place=EVERYWHERE)
@require_safe
def affected(request: HttpRequest) -> HttpResponse:
    """The patients in the filtered trail, as CSV: whom an incident touched (R121)."""
    asked = AuditFilter(request.GET, zone=_zone())
    rows = asked.apply(AuditEntry.objects.all())
    found = audit_export.affected(rows, actor=signed_in.actor(request), now=clock.now())
    titles = ("Patient", "First name", "Last name", "Entries", "First (UTC)", "Last (UTC)")
    return spreadsheets.response("affected-patients.csv", titles, found)


@staff(*LEADERS, place=places.of_patient)
@require_safe
def as_json(request: HttpRequest, pk: int) -> HttpResponse:
    """The trail of patient `pk`, for a machine."""
    return _file(request, pk, audit_export.as_json, "json")


@staff(*LEADERS, place=places.of_patient)
@require_safe
def as_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The trail of patient `pk`, for paper."""
    return _file(request, pk, audit_export.as_pdf, "pdf")


def _file(request: HttpRequest, pk: int, make: Callable[..., bytes], kind: str) -> HttpResponse:
    patient = get_object_or_404(Patient.objects.select_related("home_location"), pk=pk)
    content = make(patient, actor=signed_in.actor(request), now=clock.now())
    answer = HttpResponse(content, content_type=f"application/{kind}")
    answer["Content-Disposition"] = f'attachment; filename="audit-{patient.pk}.{kind}"'
    return answer


def _zone() -> str:
    first = Location.objects.order_by("pk").first()
    return first.time_zone if first else "UTC"
