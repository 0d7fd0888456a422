"""A URLconf with the two Twilio doors that only check the signature and keep what came: for the carrier's own tests."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from outreach.transports import signatures

received: list[tuple[str, dict[str, str]]] = []


@csrf_exempt
def keep(request: HttpRequest, uuid: str = "") -> HttpResponse:
    signature = request.headers.get("X-Twilio-Signature", "")
    if not signatures.is_from_twilio(request.get_full_path(), request.POST, signature):
        return HttpResponse(status=403)
    received.append((request.path, request.POST.dict()))
    return HttpResponse(signatures.empty_twiml(), content_type="text/xml")


urlpatterns = [
    path("webhooks/twilio/sms/", keep),
    path("webhooks/twilio/status/<uuid:uuid>/", keep),
]
