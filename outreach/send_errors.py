"""What a carrier's error code means for us (R80). Source: Twilio's error reference; see compliance.md for each row."""

from datetime import timedelta
from enum import StrEnum

from outreach.models import Suppression


class Action(StrEnum):
    HALT = "halt"  # nothing from this sender goes out until a person has seen to it
    RETRY = "retry"  # not processed: again, later and later
    DEFER = "defer"  # a full queue or a used-up quota: again in the next window
    NEVER = "never"  # this number or this text will not work
    OPT_OUT = "opt_out"  # the recipient or the carrier has blocked us
    ASK = "ask"  # a code we do not know, or a fault of ours: a person looks, whatever kind of text it was


NOT_GIVEN = "broke"  # our own: something failed here before the carrier was called
_ACTIONS = {
    **dict.fromkeys(("20003", "21606", "21608", "30002", "30032", "30034"), Action.HALT),
    **dict.fromkeys(("20429", "429", "unreachable", "mail_deferred", NOT_GIVEN), Action.RETRY),
    **dict.fromkeys(("21611", "30001", "30022", "30023", "30027", "mail_login"), Action.DEFER),
    **dict.fromkeys(("21211", "21612", "21614", "21635", "30006", "13224", "30005"), Action.NEVER),  # the number
    **dict.fromkeys(("30007", "30003", "30008", "30036", "30500"), Action.NEVER),
    **dict.fromkeys(("21408", "30450", "21617"), Action.ASK),  # our account or our words are at fault
    **dict.fromkeys(("bounced", "mail_refused", "mail_rejected"), Action.NEVER),
    **dict.fromkeys(("call_busy", "call_unanswered", "call_failed"), Action.NEVER),
    **dict.fromkeys(("21610", "30004"), Action.OPT_OUT),
}

_WORDS = {
    NOT_GIVEN: "Something broke here before it was sent.",
    "21610": "The number opted out at the carrier.",
    "30003": "The phone could not be reached.",
    "30004": "The recipient or the carrier blocks us.",
    "30005": "The number is unknown or inactive.",
    "30006": "The number is a landline or cannot get texts.",
    "30007": "The carrier filtered the text.",
    "bounced": "The mailbox does not exist or took no mail.",
    "mail_refused": "The mail server knows no such address.",
    "mail_rejected": "The mail server did not take this e-mail.",
    "mail_login": "Our mail server does not let us in: check EMAIL_URL and MAIL_FROM.",
    "call_busy": "The line was busy.",
    "call_unanswered": "Nobody picked up.",
    "call_failed": "The call could not be put through.",
    "21408": "Our account may not text this country.",
    "21617": "The text is too long for the carrier.",
    "30450": "The carrier took it for pumped traffic.",
    "30036": "It could not be delivered before the texting hours ended.",
}


def action_for(code: str) -> Action:
    return _ACTIONS.get(code, Action.ASK)


def words_for(code: str) -> str:
    return _WORDS.get(code, f"The carrier refused it (code {code})." if code else "The carrier refused it.")


OUT_OF_REACH = "30003"
# How long after each failure to send again; none more, a person takes over. Reviewed 2026-11-24.
_TRIED_AGAIN = {
    OUT_OF_REACH: (timedelta(hours=4), timedelta(hours=24)),
    "30008": (timedelta(hours=1),),
    "30500": (timedelta(hours=1),),
    # The carrier's queue or quota was full, or the texting hours ended first: a new message, judged anew.
    **dict.fromkeys(("30001", "30022", "30036"), (timedelta(minutes=30),)),
    **dict.fromkeys(("30023", "30027"), (timedelta(hours=12),)),  # a quota of the day
}


def tried_again_after(code: str) -> tuple[timedelta, ...]:
    """The waits before each further try of a text that was not delivered; empty: there is none."""
    return _TRIED_AGAIN.get(code, ())


# Codes that say something about the number itself: it is used no more, and a new one is asked for.
_UNUSABLE = {
    **dict.fromkeys(("21211", "21612", "13224", "30005", "bounced", "mail_refused"), Suppression.Why.INVALID),
    **dict.fromkeys(("21614", "21635", "30006"), Suppression.Why.LANDLINE),
}


def unusable(code: str) -> str | None:
    """Why a number with this error is not texted any more; None: it may be."""
    return _UNUSABLE.get(code)
