"""Keeping the filters of the member list under a name."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from common import redaction
from common.errors import Refused
from members.models import SavedList, StaffUser

# What may be kept. A search is not: it would be a patient's name in a list that others see.
KEPT = ("status", "plan", "location", "risk", "recovered", "sort")
MOST = 30


def save(*, name: str, asked: Mapping[str, str], shared: bool, by: StaffUser, now: datetime) -> SavedList:
    """Raises Refused without a name, without a filter, and for too many."""
    name = redaction.redact(" ".join(name.split()))
    query = urlencode({key: asked[key] for key in KEPT if asked.get(key)})
    if not name or len(name) > 60:
        raise Refused("Give the list a name of at most 60 letters.", code="no_name")
    if not query:
        raise Refused("Choose a filter first; the list of all members needs no name.", code="no_filter")
    if len(query) > 300:
        raise Refused("These filters cannot be kept.", code="too_long")
    if by.saved_lists.exclude(name=name).count() >= MOST:
        raise Refused(f"You have {MOST} lists. Remove one first.", code="too_many")
    kept, _ = SavedList.objects.update_or_create(
        owner=by, name=name, defaults={"query": query, "is_shared": shared, "saved_at": now}
    )
    return kept
