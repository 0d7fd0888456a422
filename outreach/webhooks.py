"""The carrier's door for delivery callbacks. Inbound texts come in one floor up."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from common import clock
from common.access import signed_by
from outreach import delivery, mail_reports
from outreach.transports import mail_events, signatures


@csrf_exempt
@signed_by("Twilio")
@require_POST
def status(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """204 also for a message we do not know: Twilio cannot do anything about it. 403 for a bad signature (R66)."""
    signature = request.headers.get("X-Twilio-Signature", "")
    if not signatures.is_from_twilio(request.get_full_path(), request.POST, signature):
        return HttpResponse(status=403)
    told = request.POST
    delivery.record_status(
        message_uuid=uuid,
        status=(told.get("MessageStatus") or told.get("SmsStatus") or "").lower(),
        sid=told.get("MessageSid", ""),
        error_code=told.get("ErrorCode", ""),
        now=clock.now(),
    )
    return HttpResponse(status=204)


@csrf_exempt
@signed_by("the mail service")
@require_POST
def mail(request: HttpRequest) -> HttpResponse:
    """Deliveries, bounces, complaints. 403 without the service's secret, and where no service is set."""
    told = mail_events.events(request)
    if told is None:
        return HttpResponse(status=403)
    for event in told:
        mail_reports.take_in(event, now=clock.now())
    return HttpResponse(status=204)
