"""The hosted page on which a card is left: in production it is Stripe's, here it lists the test cards."""

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from common import clock
from common.access import demo_only
from members.stripe_standin import cards, playing, sessions, store
from members.stripe_standin.problems import Problem
from members.stripe_standin.store import Body


@demo_only
@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest, session_id: str) -> HttpResponse:
    """Pick a card, go back to where the session says. A refused card is told on the page, as Stripe does."""
    now = clock.now()
    try:
        session = sessions.current(store.get("checkout.session", session_id), now)
    except Problem as problem:
        raise Http404(str(problem)) from problem
    if request.method == "GET" or session["status"] != "open":
        return _page(request, session)

    chosen = request.POST.get("card", "")
    if chosen not in cards.CARDS:
        return _page(request, session, refused="Choose a card first.")
    try:
        with transaction.atomic():
            session = sessions.choose(session_id, chosen, now=now)
    except Problem as problem:
        return _page(request, session, chosen=chosen, refused=str(problem))
    return HttpResponseRedirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))


@demo_only
@require_http_methods(["GET", "POST"])
def invoice(request: HttpRequest, invoice_id: str) -> HttpResponse:
    """Stripe's page of an invoice, on which the bank asks for the patient's word."""
    try:
        body = store.get("invoice", invoice_id)
    except Problem as problem:
        raise Http404(str(problem)) from problem
    if request.method == "POST":
        playing.confirm(invoice_id, now=clock.now())
        body = store.get("invoice", invoice_id)
    return render(request, "standin/invoice.html", {"invoice": body})


def _page(request: HttpRequest, session: Body, *, chosen: str = "", refused: str = "") -> HttpResponse:
    return render(
        request,
        "standin/checkout.html",
        {"session": session, "cards": cards.CARDS.values(), "chosen": chosen or "visa", "refused": refused},
        status=422 if refused else 200,
    )
