from django.urls import path

from common import doors
from outreach import webhooks
from outreach.views import messages, payments

app_name = "outreach"

urlpatterns = [
    path("texts/", messages.messages, name="messages"),
    path("payments/", payments.overview, name="payments"),
    path("payments/<int:pk>/retry/", payments.retry, name="payment_retry"),
    path("payments/<int:pk>/link/", payments.send_link, name="payment_link"),
    path(doors.TWILIO_STATUS.format(uuid="<uuid:uuid>").removeprefix("/"), webhooks.status, name="status"),
]
