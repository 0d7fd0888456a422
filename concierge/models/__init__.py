"""Every table of the concierge floor, one noun a module."""

from concierge.models.conversations import Conversation
from concierge.models.outside_readers import OutsideReader
from concierge.models.turns import Turn

__all__ = ["Conversation", "OutsideReader", "Turn"]
