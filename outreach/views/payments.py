"""Staff page of the open payments, with what a person may do about each."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import clock, tables
from common.access import places_of, staff
from common.errors import Refused
from members import places, retries, waiving
from members.models import Invoice, Location, PaymentAttempt
from members.stripe_gateway import StripeRefused, StripeUnavailable
from members.views import acts, signed_in
from outreach import payment_links, payments
from outreach.forms import WaiveForm
from outreach.tables import PaymentTable, RecoveredTable


@staff()
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What failed and is still open; `?show=recovered` opens the payments of this month that had failed."""
    now, first = clock.now(), Location.objects.order_by("pk").first()
    zone = first.time_zone if first else "UTC"
    here = places_of(request)
    recovered = request.GET.get("show") == "recovered"
    rows = payments.recovered(now=now, zone=zone) if recovered else payments.owed()
    roles = signed_in.person(request).role_names()
    held = places.within(rows, here, "membership__location")
    table = (
        RecoveredTable(held)
        if recovered
        else PaymentTable(
            held,
            may_pause=not roles.isdisjoint(acts.MAY_ACT),
            may_waive=not roles.isdisjoint(waiving.MAY_WAIVE),
        )
    )
    context = {
        "figures": payments.figures(now=now, zone=zone, at=here),
        "recovered": recovered,
        "most_tries": retries.MOST_TRIES,
    }
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


@staff(*waiving.MAY_WAIVE, place=places.of_invoice)
@require_http_methods(["GET", "HEAD", "POST"])
def waive(request: HttpRequest, pk: int) -> HttpResponse:
    """What waiving does, its reason, and the button: it cannot be taken back at Stripe."""
    invoice = get_object_or_404(Invoice.objects.select_related("membership__patient", "membership__location"), pk=pk)
    form, refused = WaiveForm(request.POST or None), waiving.may_not_waive(invoice)
    problem = refused.message if refused else ""
    if request.method == "POST" and form.is_valid() and not problem:
        try:
            waiving.waive(invoice=invoice, why=form.cleaned_data["why"], by=signed_in.person(request), now=clock.now())
        except Refused as late:
            problem = late.message
        except (StripeUnavailable, StripeRefused):
            problem = "Stripe did not take it, so the payment is still open. Try again in a few minutes."
        else:
            messages.success(request, f"Waived: {invoice.membership.patient.full_name} owes nothing for it any more.")
            return redirect("outreach:payments")
    status = (
        HTTPStatus.CONFLICT
        if problem and form.is_bound
        else HTTPStatus.UNPROCESSABLE_ENTITY
        if form.errors
        else HTTPStatus.OK
    )
    context = {"invoice": invoice, "form": form, "problem": problem, "may_waive": refused is None}
    return render(request, "outreach/waive.html", context, status=status)
