"""Members ticked in the list, or all that match its filter, put into a sequence: choose it, then its dry run."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from common import clock
from common.access import EVERYWHERE, staff
from common.errors import Refused
from members.forms import MemberFilter
from members.models import Location, Membership, Practice
from members.models.memberships import MembershipQuerySet
from members.views import signed_in
from outreach import cadence, gate
from outreach.audiences import by_hand
from outreach.models import Sequence

MOST_TICKED = 1_000


@staff(*signed_in.LEADERS, place=EVERYWHERE)
@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """`?member=` of each ticked row, or `?all=yes` with the filter of the list. Posting makes the dry run of a plan,
    which enrols nobody before it is run."""
    now, refused = clock.now(), ""
    rows = _chosen(request, now)
    if request.method == "POST":
        first = Location.objects.order_by("pk").first()
        on = clock.local_date(now, first.time_zone) if first else now.date()
        try:
            planned = cadence.plan_by_hand(
                slug=request.POST.get("sequence", ""), rows=rows, on=on, actor=signed_in.actor(request), now=now
            )
        except Refused as said:
            refused = said.message
        else:
            return redirect("outreach:plan", pk=planned.row.pk)
    context = {"chosen": rows.count(), "choices": _choices(), "refused": refused, "asked": request.GET.urlencode()}
    return render(request, "outreach/by_hand.html", context, status=HTTPStatus.CONFLICT if refused else None)


def _chosen(request: HttpRequest, now: Any) -> MembershipQuerySet:
    if request.GET.get("all"):
        return MemberFilter(request.GET).apply(Membership.objects.all(), now=now)
    ticked = [int(pk) for pk in request.GET.getlist("member")[:MOST_TICKED] if pk.isdecimal() and len(pk) < 10]
    return Membership.objects.filter(pk__in=ticked)


def _choices() -> list[dict[str, Any]]:
    """The sequences that may be begun by hand, in the order of the list, each with its first text."""
    practice = Practice.current()
    named = {each.slug: each for each in Sequence.objects.filter(slug__in=by_hand.CHOICES)}
    first = cadence.first_texts()
    return [
        {
            "slug": slug,
            "name": Sequence.Slug(slug).label,
            "suits": choice.suits,
            "is_live": gate.is_live(slug, practice),
            "says": first[named[slug].pk].wording if slug in named and named[slug].pk in first else "",
        }
        for slug, choice in by_hand.CHOICES.items()
    ]
