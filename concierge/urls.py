from django.urls import path

from common import doors
from concierge import webhooks
from concierge.views import asking, inbox, notes, queue, suggested, thread

app_name = "concierge"

urlpatterns = [
    path(doors.TWILIO_SMS.removeprefix("/"), webhooks.sms, name="sms_webhook"),
    path("conversations/", inbox.inbox, name="inbox"),
    path("conversations/replies/", inbox.snippets, name="inbox_snippets"),
    path("conversations/replies/<int:pk>/", inbox.snippet, name="inbox_snippet"),
    path("conversations/<int:pk>/", thread.thread, name="inbox_thread"),
    path("conversations/<int:pk>/transcript/", thread.transcript, name="inbox_transcript"),
    path("conversations/<int:pk>/state/", thread.state, name="inbox_state"),
    path("conversations/<int:pk>/card/", thread.card, name="inbox_card"),
    path("conversations/<int:pk>/suggestion/", suggested.for_thread, name="inbox_suggestion"),
    path("conversations/<int:pk>/typing/", thread.typing, name="inbox_typing"),
    path("conversations/<int:pk>/notes/", notes.of_conversation, name="inbox_note"),
    path("members/<int:pk>/notes/", notes.of_member, name="note"),
    path("questions/", asking.page, name="asking"),
    path("questions/<int:pk>/label/", asking.label, name="asking_label"),
    path("questions/examples.jsonl", asking.as_jsonl, name="asking_export_jsonl"),
    path("questions/examples.yaml", asking.as_yaml, name="asking_export_yaml"),
    path("conversations/<int:pk>/reply/", thread.reply, name="inbox_reply"),
    path("conversations/<int:pk>/<slug:act>/", thread.act, name="inbox_act"),
    path(doors.MAIL_INBOUND.removeprefix("/"), webhooks.mail, name="mail_inbound"),
    path(doors.TWILIO_CALL.removeprefix("/"), webhooks.call, name="call"),
    *(
        path(door.format(uuid="<uuid:uuid>").removeprefix("/"), view, name=view.__name__)
        for door, view in (
            (doors.TWILIO_CALL_ANSWERED, webhooks.call_answered),
            (doors.TWILIO_CALL_SAID, webhooks.call_said),
            (doors.TWILIO_CALL_WAIT, webhooks.call_wait),
            (doors.TWILIO_CALL_DIALLED, webhooks.call_dialled),
            (doors.TWILIO_CALL_STATUS, webhooks.call_status),
        )
    ),
    path("escalations/", queue.queue, name="queue"),
    path("escalations/alarm/", queue.alarm, name="alarm"),
    path("escalations/<int:pk>/acknowledge/", queue.acknowledge, name="acknowledge"),
    path("escalations/<int:pk>/", queue.escalation, name="escalation"),
    path("escalations/<int:pk>/transcript/", queue.transcript, name="transcript"),
    path("escalations/<int:pk>/suggestion/", suggested.for_case, name="suggestion"),
    path("escalations/<int:pk>/state/", queue.state, name="state"),
    path("escalations/<int:pk>/claim/", queue.claim, name="claim"),
    path("escalations/<int:pk>/take-pen/", queue.take_pen, name="take_pen"),
    path("escalations/<int:pk>/give-back/", queue.give_back, name="give_back"),
    path("escalations/<int:pk>/reply/", queue.reply, name="reply"),
    path("escalations/<int:pk>/resolve/", queue.resolve, name="resolve"),
]
