"""Staff pages that list members."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common import clock, tables
from common.access import staff
from members import audit
from members.forms import MemberFilter
from members.models import Membership
from members.tables import MemberTable
from members.views import signed_in


@staff()
@require_safe
def members(request: HttpRequest) -> HttpResponse:
    """All memberships, filtered and sorted. A search for a person is noted in the audit trail, without its words."""
    now = clock.now()
    asked = MemberFilter(request.GET)
    everyone = Membership.objects.select_related("patient", "plan", "location").prefetch_related("patient__phones")
    rows = asked.apply(everyone, now=now)
    table = MemberTable(rows, now=now, filtered=asked.asks)
    page = tables.page(request, table, "members/list.html", {"filter": asked, "leads": signed_in.leads(request)})
    if asked.cleaned_data.get("q"):
        found = len(table.page.object_list)
        audit.record("patients.searched", actor=signed_in.actor(request), patient=None, now=now, data={"shown": found})
    return page
