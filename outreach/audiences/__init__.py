"""Named selections of members, each one set-based statement, whatever the size of the practice."""

from outreach.audiences import at_risk, by_hand, due, growing, left, owing
from outreach.audiences.base import CHOSEN, Moment, Selection

__all__ = ["CHOSEN", "Moment", "Selection", "at_risk", "by_hand", "due", "growing", "left", "owing"]
