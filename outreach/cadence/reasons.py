"""Why a member is skipped, in the words of a front desk."""

from common import clock
from members.models import Membership

HELD_OUT = "held_out"

WHY = {
    "switched_off": "this automation is switched off",
    "enrolled": "already enrolled",
    "in_recovery": "already being followed",
    "no_credits": "no credits left",
    "booked": "appointment booked",
    "not_active": "not an active membership",
    "not_ended": "the membership has not ended",
    "restarted": "has a membership again",
    "no_invoice": "past due, but no open invoice here: compare with Stripe",
    "paused": "the membership is paused",
    "ended": "the membership has ended: collect it by hand",
    "minor": "under 18",
    "no_phone": "no phone number",
    "opted_out": "opted out of texts",
    "no_consent": "no consent to marketing texts",
    "suppressed": "the number cannot get texts",
    "person": "a person has the conversation",
    "clinical": "held until a clinician clears the patient",
    "dispute": "a payment dispute is open",
    HELD_OUT: "left out by lot, to compare with",
}

_ON_MONDAY = {"switched_off": "nudges are switched off", "enrolled": "already enrolled this month"}


def words(code: str, membership: Membership, which: str) -> str:
    """The reason of one member; a booked appointment is named by its local day."""
    ahead = membership.next_appointment_at
    if code == "booked" and ahead:
        there = clock.local(ahead, membership.location.time_zone)
        return f"appointment on {there:%B} {there.day}"
    return in_general(code, which)


def in_general(code: str, which: str) -> str:
    """The reason of a whole group."""
    return _ON_MONDAY.get(code, WHY[code]) if which == "monday" else WHY[code]
