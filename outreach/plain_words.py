"""The classes of texts in the words of a front desk; `Message.Kind` names them as the law does."""

from outreach.models import Message

KINDS: dict[str, str] = {
    Message.Kind.INBOUND: "From the patient",
    Message.Kind.SERVICING: "About the membership",
    Message.Kind.MARKETING: "Nudge or offer",
    Message.Kind.REPLY: "Automatic answer",
    Message.Kind.CONFIRMATION: "Confirmation",
    Message.Kind.NOTICE: "Required notice",
    Message.Kind.OPT_OUT: "STOP confirmed",
    Message.Kind.EMERGENCY: "Emergency answer",
    Message.Kind.STAFF: "Written by staff",
    Message.Kind.ALERT: "Page to the person on call",
}
