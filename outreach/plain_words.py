"""The classes of texts in the words of a front desk; `Message.Kind` names them as the law does."""

from django.utils.translation import gettext_noop as _

from outreach.models import Message

KINDS: dict[str, str] = {
    Message.Kind.INBOUND: _("From the patient"),
    Message.Kind.SERVICING: _("About the membership"),
    Message.Kind.MARKETING: _("Nudge or offer"),
    Message.Kind.REPLY: _("Automatic answer"),
    Message.Kind.CONFIRMATION: _("Confirmation"),
    Message.Kind.NOTICE: _("Required notice"),
    Message.Kind.OPT_OUT: _("STOP confirmed"),
    Message.Kind.EMERGENCY: _("Emergency answer"),
    Message.Kind.STAFF: _("Written by staff"),
    Message.Kind.ALERT: _("Page to the person on call"),
}
