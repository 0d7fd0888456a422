"""Staff page of what Stripe told us: what came to nothing, with replay, and what the last comparison found."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_POST, require_safe
from django_q.tasks import async_task

from common import clock, tables
from common.access import EVERYWHERE, staff
from common.errors import Refused
from members import billing, reconciliation, tasks
from members.models import Dispute, Location, Reconciliation, StaffRole, StripeEvent
from members.tables import StripeEventTable
from members.views import signed_in

_MANAGERS = (StaffRole.Role.OWNER, StaffRole.Role.MANAGER)
_SHOWN = 20


@staff(*_MANAGERS, place=EVERYWHERE)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """`?state=`: one of the event's states; without, what came to nothing."""
    first = Location.objects.order_by("pk").first()
    state = request.GET.get("state", "")
    chosen = [state] if state in StripeEvent.State.values else list(StripeEvent.CAME_TO_NOTHING)
    zone = first.time_zone if first else "UTC"
    table = StripeEventTable(StripeEvent.objects.filter(state__in=chosen), zone=zone)
    run = Reconciliation.objects.first()
    context = {
        "states": StripeEvent.State.choices,
        "state": state,
        "zone": zone,
        "run": run,
        "drifts": list(run.drifts.select_related("membership__patient").order_by("repaired_at", "pk")[:_SHOWN])
        if run
        else [],
        "disputes": list(Dispute.objects.select_related("membership__patient").order_by("closed_at", "-pk")[:_SHOWN]),
    }
    return tables.page(request, table, "members/stripe.html", context)


@staff(*_MANAGERS, place=EVERYWHERE)
@require_safe
def body(request: HttpRequest, pk: int) -> HttpResponse:
    """One event as Stripe sent it, with the error that kept it from being applied."""
    event = StripeEvent.objects.filter(pk=pk).first()
    if event is None:
        messages.error(request, _("There is no such event."))
        return redirect("members:stripe")
    return render(request, "members/stripe_event.html", {"event": event})


@staff(*_MANAGERS, place=EVERYWHERE)
@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    event = get_object_or_404(StripeEvent, pk=pk)
    try:
        with transaction.atomic():
            billing.replay(event=event, by=signed_in.person(request), now=clock.now())
            async_task(tasks.apply_stripe_event, event.pk)
        messages.success(request, _("The event is applied again in a moment."))
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("members:stripe")


@staff(*_MANAGERS, place=EVERYWHERE)
@require_POST
def compare(request: HttpRequest) -> HttpResponse:
    """Begin a comparison with Stripe that repairs what differs; its chunks are done by a recurring job."""
    try:
        reconciliation.start(repair=True, actor=signed_in.actor(request), now=clock.now())
        messages.success(request, _("The comparison has begun. It goes on by itself, and shows here what differs."))
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("members:stripe")
