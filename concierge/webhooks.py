"""The carrier's doors for inbound texts and for calls: verify, store, enqueue, answer Twilio at once (R66-R70)."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django_q.tasks import async_task

from common import clock, texts
from common.access import View, signed_by
from concierge import calling, conversations, mails, tasks
from outreach import calls, inbound
from outreach.models import Call
from outreach.transports import mail_events, signatures, spoken_answers
from outreach.transports.spoken_answers import Answer

_LONGEST = 1_600  # what Twilio delivers in one message
_MOST_PICTURES = 10


@csrf_exempt
@signed_by("Twilio")
@require_POST
def sms(request: HttpRequest) -> HttpResponse:
    """200 with empty TwiML for every signed text; 403 unsigned; 400 with a reason when Twilio's fields are missing."""
    signature = request.headers.get("X-Twilio-Signature", "")
    if not signatures.is_from_twilio(request.get_full_path(), request.POST, signature):
        return HttpResponse("The signature is not Twilio's.", status=403, content_type="text/plain")
    form = {name: texts.storable(str(value)) for name, value in request.POST.items()}
    missing = [name for name in ("MessageSid", "From") if not form.get(name, "").strip()]
    if missing:
        return HttpResponse(f"{missing[0]} is missing.", status=400, content_type="text/plain")

    with transaction.atomic():
        received = inbound.receive(
            sid=form["MessageSid"].strip()[:64],
            sender=form["From"],
            recipient=form.get("To", ""),
            body=form.get("Body", "")[:_LONGEST],
            media_count=_count(form.get("NumMedia", "")),
            opt_out_type=form.get("OptOutType", ""),
            now=clock.now(),
        )
        if received.is_new and received.message.address.startswith("+"):  # a short code is nobody to talk to
            conversations.heard(received.message)
        if received.is_new and received.message.wants_answer:
            async_task(tasks.answer_text, received.message.pk)
    return HttpResponse(signatures.empty_twiml(), content_type="text/xml")


_Form = dict[str, str]


def _of_a_call(view: Callable[..., Answer]) -> View:
    """A door of Twilio Voice: 403 unsigned; else TwiML. The view gets the form in place of the request."""

    @csrf_exempt
    @signed_by("Twilio")
    @require_POST
    @wraps(view)
    def door(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not signatures.is_from_twilio(request.get_full_path(), request.POST, signature):
            return HttpResponse("The signature is not Twilio's.", status=403, content_type="text/plain")
        form = {name: texts.storable(str(value)) for name, value in request.POST.items()}
        return HttpResponse(spoken_answers.twiml(view(form, **kwargs)), content_type="text/xml")

    return door


@_of_a_call
def call(form: _Form) -> Answer:
    """A patient calls; the number's status callback comes here too."""
    sid, status = form.get("CallSid", "").strip(), form.get("CallStatus", "")
    known = Call.objects.filter(sid=sid[:64]).first()
    if status in calls.OVER:
        if known:
            calls.carrier_says(known, status=status, sid=sid, now=clock.now())
        return Answer("")
    return calling.called_in(sid=sid, sender=form.get("From", ""), now=clock.now()) if sid else Answer("")


@_of_a_call
def call_answered(form: _Form, uuid: UUID) -> Answer:
    return calling.picked_up(
        uuid, sid=form.get("CallSid", ""), answered_by=form.get("AnsweredBy", "unknown"), now=clock.now()
    )


@_of_a_call
def call_said(form: _Form, uuid: UUID) -> Answer:
    digits, words = form.get("Digits", ""), form.get("SpeechResult", "")[:_LONGEST]
    return calling.said(uuid, digits=digits, words=words, now=clock.now())


@_of_a_call
def call_wait(form: _Form, uuid: UUID) -> Answer:
    return calling.waited(uuid, now=clock.now())


@_of_a_call
def call_dialled(form: _Form, uuid: UUID) -> Answer:
    return calling.dialled(uuid, status=form.get("DialCallStatus", ""), now=clock.now())


@_of_a_call
def call_status(form: _Form, uuid: UUID) -> Answer:
    """A status of a call that we do not know changes nothing."""
    sid, status = form.get("CallSid", ""), form.get("CallStatus", "")
    known = calls.of_message(uuid, sid=sid, now=clock.now())
    if known:
        calls.carrier_says(known, status=status, sid=sid, now=clock.now())
    return Answer("")


@csrf_exempt
@signed_by("the mail service")
@require_POST
def mail(request: HttpRequest) -> HttpResponse:
    """E-mail from patients. 403 without the service's secret, and where no service is set."""
    letters = mail_events.inbound(request)
    if letters is None:
        return HttpResponse(status=403)
    for letter in letters:
        mails.take_in(letter, now=clock.now())
    return HttpResponse(status=204)


def _count(written: str) -> int:
    """How many pictures came; an odd value counts as none."""
    return min(int(written), _MOST_PICTURES) if written.isascii() and written.isdigit() and len(written) < 4 else 0
