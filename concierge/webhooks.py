"""The carrier's door for inbound texts: verify, store, enqueue, answer Twilio at once (R66-R70)."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django_q.tasks import async_task

from common import clock, texts
from common.access import signed_by
from concierge import conversations, tasks
from outreach import inbound
from outreach.transports import signatures

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


def _count(written: str) -> int:
    """How many pictures came; an odd value counts as none."""
    return min(int(written), _MOST_PICTURES) if written.isascii() and written.isdigit() and len(written) < 4 else 0
