"""Every table of the concierge floor, one noun a module."""

from concierge.models.conversations import CONVERSATION_REASONS, Conversation, ReadMark, Snippet
from concierge.models.labelled import LabelledText
from concierge.models.notes import StaffNote
from concierge.models.outside_readers import OutsideReader
from concierge.models.readings import Reading
from concierge.models.reminders import Reminder
from concierge.models.turns import Turn

__all__ = [
    "CONVERSATION_REASONS",
    "Conversation",
    "LabelledText",
    "OutsideReader",
    "ReadMark",
    "Reading",
    "Reminder",
    "Snippet",
    "StaffNote",
    "Turn",
]
