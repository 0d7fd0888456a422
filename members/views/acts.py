"""What staff do to a membership for a patient who asks: the same offer, terms and verbs as the patient's own page."""

import logging
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_http_methods

from common import clock
from common.access import staff
from common.errors import Refused
from members import places, quotes
from members.models import Membership, Quote, QuoteConsent
from members.patient_forms import AskForm, asks_for, buttons
from members.quotes import Consent, Reoffered
from members.stripe_gateway import StripeRefused, StripeUnavailable
from members.views import signed_in, standing

logger = logging.getLogger(__name__)
Act, State = Quote.Act, Quote.State

LARGEST_KEY = 2**63 - 1  # what a key can be; SQLite raises for more
MAY_ACT = ("owner", "manager", "front_desk")
TOLD = {
    "desk": _("The patient agreed at the desk"),
    "phone": _("The patient agreed on the phone"),
    "written": _("The patient agreed in writing"),
}


@staff(*MAY_ACT, place=places.of_patient)
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """`?act=` for patient `pk`: what is wanted, its terms to read out, done. `&quote=` is the offer on the screen."""
    membership = standing.memberships_of(pk).first() if pk <= LARGEST_KEY else None
    if membership is None:
        raise Http404
    act = request.GET.get("act", "")
    if act not in Act.values:
        return redirect("members:detail", pk=pk)
    quote = membership.quotes.filter(uuid=_uuid(request), state=State.OFFERED).first() if _uuid(request) else None
    if request.method != "POST":
        return _page(request, membership, act, quote=quote)
    try:
        return _accept(request, membership, quote) if quote else _ask(request, membership, act)
    except Reoffered as changed:
        return _page(request, membership, act, quote=changed.quote, refused=changed.message)
    except Refused as refused:
        return _page(request, membership, act, quote=quote, refused=refused.message)
    except StripeUnavailable:
        logger.exception("Stripe gave no answer to staff")
        words = (
            "Stripe gives no answer just now. What was agreed to goes on by itself; otherwise try again in a minute."
        )
        return _page(request, membership, act, quote=None, refused=words)
    except StripeRefused as refused:
        return _page(request, membership, act, quote=None, refused=f"Stripe refused it, and nothing changed: {refused}")


def _ask(request: HttpRequest, membership: Membership, act: str) -> HttpResponse:
    now = clock.now()
    form = asks_for(act, membership, now=now, data=request.POST)
    if not form.is_valid():
        return _page(request, membership, act, form=form, refused="Please look at the choice again.")
    quote = quotes.offer(membership=membership, act=act, actor=signed_in.actor(request), now=now, **form.wish)
    return redirect(f"{reverse('members:act', args=[membership.patient_id])}?act={act}&quote={quote.uuid}")


def _accept(request: HttpRequest, membership: Membership, quote: Quote) -> HttpResponse:
    told = TOLD.get(request.POST.get("told", ""))
    if told is None:
        raise Refused(_("Say how the patient agreed."), code="no_consent")
    actor = signed_in.actor(request)
    consent = Consent(how=QuoteConsent.How.STAFF, given_by=actor, said=told)
    quotes.accept(quote=quote, consent=consent, actor=actor, now=clock.now())
    messages.success(request, f"Done: {standing.ACT_WORDS[Act(quote.act)]}. The patient gets the terms by text.")
    return redirect("members:detail", pk=membership.patient_id)


def _page(
    request: HttpRequest,
    membership: Membership,
    act: str,
    *,
    quote: Quote | None = None,
    form: AskForm | None = None,
    refused: str = "",
) -> HttpResponse:
    now = clock.now()
    context: dict[str, Any] = {
        "membership": membership, "act": act, "title": standing.ACT_WORDS[Act(act)], "quote": quote, "told": TOLD,
        "now": now,
    }  # fmt: skip
    if quote:
        context["button"] = buttons(quote)
    else:
        try:
            context["form"] = form or asks_for(act, membership, now=now)
        except Refused as nothing:
            refused = refused or nothing.message
    status = HTTPStatus.CONFLICT if refused else HTTPStatus.OK
    return render(request, "members/act.html", {**context, "refused": refused}, status=status)


def _uuid(request: HttpRequest) -> str:
    named = request.GET.get("quote", "")
    return named if len(named) == 36 and all(letter in "0123456789abcdef-" for letter in named) else ""
