"""Staff pages that list members."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common import clock, spreadsheets, tables
from common.access import places_of, staff
from members import audit, places
from members.forms import MemberFilter
from members.models import Membership, SavedList
from members.models.memberships import MembershipQuerySet
from members.tables import MemberTable
from members.views import signed_in


@staff()
@require_safe
def members(request: HttpRequest) -> HttpResponse:
    """All memberships, filtered and sorted. A search for a person is noted in the audit trail, without its words."""
    now = clock.now()
    asked = MemberFilter(request.GET)
    everyone = _everyone(request)
    rows = asked.apply(everyone, now=now)
    may_enrol = signed_in.leads_everywhere(request)
    table = MemberTable(rows, now=now, filtered=asked.asks, may_enrol=may_enrol)
    page = tables.page(
        request,
        table,
        "members/list.html",
        {
            "filter": asked,
            "may_enrol": may_enrol,
            "leads": signed_in.leads(request),
            "asked": request.GET.urlencode(),
            "lists": SavedList.objects.seen_by(signed_in.person(request)),
        },
    )
    if asked.cleaned_data.get("q"):
        found = len(table.page.object_list)
        audit.record("patients.searched", actor=signed_in.actor(request), patient=None, now=now, data={"shown": found})
    return page


@staff(*signed_in.LEADERS)
@require_safe
def as_csv(request: HttpRequest) -> HttpResponse:
    """The members of the same filters as a spreadsheet; that they were taken out of the house is on record (R116)."""
    now = clock.now()
    everyone = _everyone(request)
    rows = MemberFilter(request.GET).apply(everyone, now=now)
    ordered = rows.order_by("patient__last_name", "patient__first_name", "pk")
    lines = [_line(row) for row in ordered.iterator(chunk_size=2_000)]
    actor = signed_in.actor(request)
    audit.record("patients.exported", actor=actor, patient=None, now=now, data={"rows": len(lines)})
    return spreadsheets.response("members.csv", _TITLES, lines)


def _everyone(request: HttpRequest) -> MembershipQuerySet:
    rows = Membership.objects.select_related("patient", "plan", "location").prefetch_related("patient__phones")
    return places.within(rows, places_of(request), "location")


_TITLES = (
    "First name",
    "Last name",
    "Phone",
    "E-mail",
    "Plan",
    "Status",
    "Location",
    "Member since",
    "Credits",
    "Last visit (UTC)",
    "Next visit (UTC)",
)


def _line(row: Membership) -> tuple[object, ...]:
    seen, comes = (f"{at:%Y-%m-%d %H:%M}" if at else "" for at in (row.last_visit_at, row.next_appointment_at))
    who = row.patient
    return (
        *(who.first_name, who.last_name, who.phone, who.email, row.plan.name, row.get_status_display()),
        *(row.location.name, row.started_on.isoformat(), row.credits_remaining, seen, comes),
    )
