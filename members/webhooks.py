"""Stripe's door."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django_q.tasks import async_task

from common import clock
from common.access import signed_by
from common.errors import Refused
from members import billing, stripe_gateway, tasks
from members.models import StripeEvent


@csrf_exempt
@signed_by("Stripe")
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """Verify, store once, answer at once; the work is a task (R132, R133). 400 for what is not Stripe's or no event."""
    try:
        event = stripe_gateway.verify_webhook(request.body, request.headers.get("Stripe-Signature", ""))
    except Refused as refused:
        return HttpResponse(refused.message, status=400, content_type="text/plain")
    with transaction.atomic():
        stored = billing.record(event=event, now=clock.now())
        if stored and stored.state == StripeEvent.State.STORED:
            async_task(tasks.apply_stripe_event, stored.pk)
    return HttpResponse(status=200)
