"""Addresses of the members floor. `members:detail` composes all floors: the top floor serves it (medspa/urls.py)."""

from django.urls import path

from common import doors
from members import webhooks
from members.views import (
    api_keys,
    audit,
    booking,
    consent,
    contact,
    credits,
    delivered,
    duplicates,
    imports,
    links,
    lists,
    metrics,
    plans,
    stripe_events,
    unsubscribe,
    webhook_endpoints,
)

app_name = "members"

_LINK = doors.PATIENT_LINK.lstrip("/").replace("{token}", "<str:token>")

urlpatterns = [
    path("members/", lists.members, name="list"),
    path("members/<int:pk>/consent/", consent.page, name="consent"),
    path("members/<int:pk>/consent/record/", consent.record, name="consent_record"),
    path("members/<int:pk>/consent/stop/", consent.stop, name="consent_stop"),
    path("members/duplicates/", duplicates.candidates, name="duplicates"),
    path("members/duplicates/<int:kept>/<int:gone>/", duplicates.compare, name="compare"),
    path("members/duplicates/<int:kept>/<int:gone>/merge/", duplicates.merge, name="merge"),
    path("members/duplicates/<int:kept>/<int:gone>/apart/", duplicates.tell_apart, name="tell_apart"),
    path("members/duplicates/merges/<int:pk>/undo/", duplicates.undo, name="unmerge"),
    path("members/<int:pk>/contact/", contact.page, name="contact"),
    path("members/<int:pk>/contact/<slug:act>/", contact.act, name="contact_act"),
    path("metrics/", metrics.page, name="metrics"),
    path("metrics.csv", metrics.as_csv, name="metrics_csv"),
    path("audit/", audit.trail, name="audit"),
    path("audit/verify/", audit.verify, name="audit_verify"),
    path("audit/patients.csv", audit.affected, name="audit_affected"),
    path("members/<int:pk>/audit.json", audit.as_json, name="audit_json"),
    path("members/<int:pk>/audit.pdf", audit.as_pdf, name="audit_pdf"),
    path("imports/", imports.imports, name="imports"),
    path("imports/<int:pk>/", imports.detail, name="import"),
    path("imports/<int:pk>/confirm/", imports.confirm, name="import_confirm"),
    path("imports/<int:pk>/discard/", imports.discard, name="import_discard"),
    path("imports/<int:pk>/refused.csv", imports.refused_rows, name="import_refused"),
    path("api-keys/", api_keys.keys, name="api_keys"),
    path("api-keys/<int:pk>/revoke/", api_keys.revoke, name="api_key_revoke"),
    path("webhooks/", webhook_endpoints.endpoints, name="webhook_endpoints"),
    path("webhooks/<int:pk>/", webhook_endpoints.act, name="webhook_endpoint"),
    path("stripe/", stripe_events.overview, name="stripe"),
    path("stripe/compare/", stripe_events.compare, name="stripe_compare"),
    path("stripe/<int:pk>/", stripe_events.body, name="stripe_event"),
    path("stripe/<int:pk>/replay/", stripe_events.replay, name="stripe_replay"),
    path(_LINK, links.by_purpose, name="link"),
    path(f"{_LINK}visit-<int:pk>.ics", booking.calendar, name="link_calendar"),
    path("members/<int:pk>/credits/", credits.statement, name="credits"),
    path("credits/<int:pk>/take-back/", credits.take_back, name="credits_take_back"),
    path("members/<int:pk>/credits/act/", credits.act, name="credits_act"),
    path("plans/", plans.index, name="plans"),
    path("plans/new/", plans.new, name="plan_new"),
    path("plans/delivered/", delivered.page, name="plan_delivered"),
    path("plans/<int:pk>/", plans.detail, name="plan"),
    path("plans/<int:pk>/new-version/", plans.revise, name="plan_revise"),
    path("visits/<int:pk>/settle/", delivered.settle, name="settle_visit"),
    path(f"{_LINK}done/", links.done, name="link_done"),
    path(doors.UNSUBSCRIBE.lstrip("/").replace("{token}", "<str:token>"), unsubscribe.page, name="unsubscribe"),
    path(doors.STRIPE_WEBHOOK.lstrip("/"), webhooks.stripe, name="stripe_webhook"),
]
