"""Every table of the outreach floor, one noun a module."""

from outreach.models.acknowledgements import Acknowledgement
from outreach.models.cadence import CadencePlan, PlanLine
from outreach.models.calls import Call
from outreach.models.erasures import Erasure
from outreach.models.messages import GateDecision, Message
from outreach.models.offers import Offer
from outreach.models.pages import Page
from outreach.models.phonebook import HandsetCall, HandsetMail, HandsetText
from outreach.models.promotions import Promotion
from outreach.models.safety import KillSwitch, SenderBudget, Suppression
from outreach.models.sequences import Enrolment, Sequence, SequenceVersion, Step

__all__ = [
    "Acknowledgement",
    "CadencePlan",
    "Call",
    "Enrolment",
    "Erasure",
    "GateDecision",
    "HandsetCall",
    "HandsetMail",
    "HandsetText",
    "KillSwitch",
    "Message",
    "Offer",
    "Page",
    "PlanLine",
    "Promotion",
    "SenderBudget",
    "Sequence",
    "SequenceVersion",
    "Step",
    "Suppression",
]
