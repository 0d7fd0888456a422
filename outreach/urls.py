from django.urls import path

from common import doors
from outreach import webhooks
from outreach.views import cadence, messages, offers, payments, sequences

app_name = "outreach"

urlpatterns = [
    path("texts/", messages.messages, name="messages"),
    path("texts/<int:pk>/", messages.message, name="message"),
    path("payments/", payments.overview, name="payments"),
    path("payments/<int:pk>/retry/", payments.retry, name="payment_retry"),
    path("payments/<int:pk>/link/", payments.send_link, name="payment_link"),
    path("payments/<int:pk>/waive/", payments.waive, name="payment_waive"),
    path("cadence/", cadence.week, name="cadence"),
    path("cadence/dry-run/", cadence.dry_run, name="dry_run"),
    path("cadence/plans/<int:pk>/", cadence.plan, name="plan"),
    path("cadence/plans/<int:pk>/run/", cadence.run, name="run"),
    path("cadence/automations/", cadence.turn, name="turn"),
    path("cadence/switches/", cadence.throw, name="throw"),
    path("cadence/switches/<int:pk>/lift/", cadence.lift, name="lift"),
    path("cadence/offers/", offers.promote, name="promote"),
    path("cadence/offers/<int:pk>/withdraw/", offers.withdraw, name="withdraw"),
    path("cadence/numbers/<int:pk>/use/", offers.use_again, name="use_again"),
    path("sequences/", sequences.listed, name="sequences"),
    path("sequences/<slug:slug>/", sequences.detail, name="sequence"),
    path("sequences/<slug:slug>/steps/<int:position>/", sequences.step_texts, name="step_texts"),
    path("sequences/<slug:slug>/edit/", sequences.edit, name="sequence_edit"),
    path("sequences/<slug:slug>/preview/<int:place>/", sequences.preview, name="sequence_preview"),
    path("sequences/<slug:slug>/versions/<int:number>/approve/", sequences.approve, name="approve"),
    path(doors.MAIL_EVENTS.removeprefix("/"), webhooks.mail, name="mail_events"),
    path(doors.TWILIO_STATUS.format(uuid="<uuid:uuid>").removeprefix("/"), webhooks.status, name="status"),
]
