"""Every table of the outreach floor, one noun a module."""

from outreach.models.messages import GateDecision, Message
from outreach.models.offers import Offer
from outreach.models.phonebook import HandsetText
from outreach.models.sequences import Enrolment, Sequence, Step

__all__ = ["Enrolment", "GateDecision", "HandsetText", "Message", "Offer", "Sequence", "Step"]
