"""Staff page of the open payments, with what a person may do about each."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from common import clock, tables
from common.access import places_of, staff
from common.errors import Refused
from members import places, retries
from members.models import Invoice, Location, PaymentAttempt
from members.stripe_gateway import StripeRefused, StripeUnavailable
from members.views import signed_in
from outreach import payment_links, payments
from outreach.tables import PaymentTable


@staff()
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    now, first = clock.now(), Location.objects.order_by("pk").first()
    zone = first.time_zone if first else "UTC"
    here = places_of(request)
    table = PaymentTable(places.within(payments.owed(), here, "membership__location"), now=now)
    context = {"figures": payments.figures(now=now, zone=zone, at=here), "most_tries": retries.MOST_TRIES}
    return tables.page(request, table, "outreach/payments.html", context)


@staff(place=places.of_invoice)
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = get_object_or_404(Invoice.objects.select_related("membership__patient"), pk=pk)
    name = invoice.membership.patient.full_name
    try:
        outcome = retries.retry(invoice=invoice, by=signed_in.person(request), now=clock.now())
    except Refused as refused:
        messages.error(request, refused.message)
    except (StripeUnavailable, StripeRefused):
        messages.error(request, "Stripe cannot be reached now. Nothing was charged twice; try again in a few minutes.")
    else:
        if outcome == PaymentAttempt.Outcome.PAID:
            messages.success(request, f"The payment of {name} went through.")
        else:
            messages.error(request, f"The bank declined again. Send {name} the card link.")
    return redirect("outreach:payments")


@staff(place=places.of_invoice)
@require_POST
def send_link(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = get_object_or_404(Invoice.objects.select_related("membership__patient__home_location"), pk=pk)
    try:
        payment_links.send(invoice=invoice, by=signed_in.person(request), now=clock.now())
        messages.success(request, f"The link is on its way to {invoice.membership.billing_contact.full_name}.")
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("outreach:payments")
