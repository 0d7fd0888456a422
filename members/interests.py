"""What members ask about that their own plan does not give: noted below, used by whoever offers a plan above."""

from datetime import datetime

from members.models import Interest, Membership


def note(*, membership: Membership, what: str, key: str, now: datetime) -> bool:
    """Keep that the member asked about a benefit of a higher plan. False where `key` was noted before.

    `what` is our own name of the benefit, never the patient's words; `key` names the question, as "turn:31".
    """
    row = {"membership": membership, "what": what[:80], "noted_at": now}
    _, made = Interest.objects.get_or_create(key=key, defaults=row)
    return made
