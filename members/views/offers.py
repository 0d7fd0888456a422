"""A patient's own act on the membership: first what is wanted, then its exact terms with a box and a button, then done.

The same `quotes.offer` and `quotes.accept` as a text and the portal use (settled.md, 11). A GET only shows.
"""

import logging
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from common import clock
from common.errors import Refused
from members import quotes
from members.models import PatientLink, Quote, QuoteConsent
from members.patient_forms import AskForm, asks_for, buttons
from members.quotes import Consent, Reoffered
from members.stripe_gateway import StripeRefused, StripeUnavailable
from members.views import patient_pages

logger = logging.getLogger(__name__)
Act, Purpose, State = Quote.Act, PatientLink.Purpose, Quote.State

ACTS: dict[str, str] = {
    Purpose.CHANGE_PLAN: Act.UPGRADE,
    Purpose.PAUSE: Act.PAUSE,
    Purpose.RESUME: Act.RESUME,
    Purpose.CANCEL: Act.CANCEL,
    Purpose.RESTART: Act.RESTART,
}


def offer_page(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    """Every page about an act; the link's purpose says which."""
    if request.method != "POST":
        return _show(request, link, token)
    step = {"ask": _ask, "accept": _accept, "back": _back}.get(request.POST.get("step", ""))
    if step is None:
        return _show(request, link, token, refused="Please use one of the buttons.")
    try:
        return step(request, link, token)
    except Reoffered as changed:
        _attach(link, changed.quote)
        return _show(request, link, token, refused=changed.message)
    except Refused as refused:
        return _show(request, link, token, refused=refused.message)
    except StripeUnavailable:
        logger.exception("Stripe gave no answer to a patient's page")
        return _later(request, link, token)
    except StripeRefused:
        logger.exception("Stripe refused what a patient agreed to")
        return _show(
            request, link, token, refused="This could not be done online. Nothing was charged; please call us."
        )


def _ask(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    now = clock.now()
    act = _act(link, wanted=request.POST.get("act", ""))
    form = asks_for(act, link.membership, now=now, data=request.POST)
    if not form.is_valid():
        return _show(request, link, token, form=form, refused="Please look at your choice again.")
    quote = quotes.offer(membership=link.membership, act=act, actor=_patient(link), now=now, **form.wish)
    _attach(link, quote)
    if act == Act.CANCEL and request.POST.get("shown") == quotes.fingerprint(quote.terms):
        _agree(link, quote)  # the page showed these very terms: one click ends it (R94)
    return patient_pages.private(redirect("members:link", token=token))


def _accept(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    quote = link.quote
    if quote is None or str(quote.uuid) != request.POST.get("quote", ""):
        raise Refused("A newer offer is shown below. Please look at it first.", code="other_offer")
    if quote.needs_express_consent and request.POST.get("agree") != "yes":
        raise Refused("Please tick the box to agree to these terms.", code="not_ticked")
    _agree(link, quote)
    return patient_pages.private(redirect("members:link", token=token))


def _agree(link: PatientLink, quote: Quote) -> None:
    box = "Ticked “I agree to these terms.” " if quote.needs_express_consent else ""
    consent = Consent(how=QuoteConsent.How.PAGE, given_by=f"link:{link.pk}", said=f"{box}Pressed “{buttons(quote)}”")
    quotes.accept(quote=quote, consent=consent, actor=_patient(link), now=clock.now())


def _back(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    """To the question again; the offer is taken back."""
    if link.quote:
        quotes.withdraw(quote=link.quote, actor=_patient(link), why="The patient went back.", now=clock.now())
    _attach(link, None)
    return patient_pages.private(redirect("members:link", token=token))


def _show(
    request: HttpRequest, link: PatientLink, token: str, *, form: AskForm | None = None, refused: str = ""
) -> HttpResponse:
    now, quote = clock.now(), link.quote
    if quote:
        quote.refresh_from_db()
    status = HTTPStatus.CONFLICT if refused else HTTPStatus.OK
    context: dict[str, Any] = {"token": token, "refused": refused, "membership": link.membership, "now": now}
    if quote and quote.state == State.ACCEPTED:
        return _later(request, link, token)
    if quote and quote.state == State.DONE:
        return patient_pages.page(request, "patient/offer_done.html", {**context, "quote": quote})
    if quote and quote.is_open(now):
        context |= {"quote": quote, "button": buttons(quote), "needs_box": quote.needs_express_consent}
        context["save_offer"] = link.purpose == Purpose.CANCEL and quote.act == Act.PAUSE
        return patient_pages.page(request, "patient/offer.html", context, status=status)
    return _question(request, link, context, form=form, status=status)


def _question(
    request: HttpRequest, link: PatientLink, context: dict[str, Any], *, form: AskForm | None, status: int
) -> HttpResponse:
    act = _act(link)
    try:
        context |= {"act": act, "form": form or asks_for(act, link.membership, now=context["now"])}
        if act == Act.CANCEL:
            context |= _leaving(link, context)
    except Refused as refused:  # there is nothing to ask: the page says why
        context |= {"form": None, "refused": context["refused"] or refused.message}
    return patient_pages.page(request, "patient/ask.html", context, status=status)


def _leaving(link: PatientLink, context: dict[str, Any]) -> dict[str, Any]:
    """What a cancellation would say, before anything is asked; and the one save offer (R94), if the plan has it."""
    terms = quotes.preview(membership=link.membership, act=Act.CANCEL, now=context["now"])
    shown = {"terms": terms, "shown": quotes.fingerprint(terms)}
    try:
        asks_for(Act.PAUSE, link.membership, now=context["now"])
    except Refused:
        return shown
    return {**shown, "may_pause": True}


def _act(link: PatientLink, *, wanted: str = "") -> str:
    """The purpose's act; on the cancel page also its one save offer, and taking a cancellation back."""
    if link.purpose == Purpose.CANCEL:
        if wanted == Act.PAUSE:
            return Act.PAUSE
        if link.membership.status == link.membership.Status.CANCELLING:
            return Act.KEEP
    return ACTS[link.purpose]


def _attach(link: PatientLink, quote: Quote | None) -> None:
    PatientLink.objects.filter(pk=link.pk).update(quote=quote)
    link.quote = quote


def _patient(link: PatientLink) -> str:
    return f"patient:{link.membership.patient_id}"


def _later(request: HttpRequest, link: PatientLink, token: str) -> HttpResponse:
    under_way = bool(link.quote and Quote.objects.filter(pk=link.quote.pk, state=State.ACCEPTED).exists())
    context = {"token": token, "under_way": under_way}
    return patient_pages.page(request, "patient/offer_later.html", context, status=HTTPStatus.SERVICE_UNAVAILABLE)
