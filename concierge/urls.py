from django.urls import path

from common import doors
from concierge import webhooks
from concierge.views import queue

app_name = "concierge"

urlpatterns = [
    path(doors.TWILIO_SMS.removeprefix("/"), webhooks.sms, name="sms_webhook"),
    path("escalations/", queue.queue, name="queue"),
    path("escalations/<int:pk>/", queue.escalation, name="escalation"),
    path("escalations/<int:pk>/transcript/", queue.transcript, name="transcript"),
    path("escalations/<int:pk>/state/", queue.state, name="state"),
    path("escalations/<int:pk>/claim/", queue.claim, name="claim"),
    path("escalations/<int:pk>/take-pen/", queue.take_pen, name="take_pen"),
    path("escalations/<int:pk>/give-back/", queue.give_back, name="give_back"),
    path("escalations/<int:pk>/reply/", queue.reply, name="reply"),
    path("escalations/<int:pk>/resolve/", queue.resolve, name="resolve"),
]
