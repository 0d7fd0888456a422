"""One round of the recurring work, in the order in which facts flow: billing, sequences, messages, answers.

Each step is idempotent and claims its rows, so rounds may overlap, on any number of machines. A step that fails does
not stop the next one; its name is kept on the heartbeat.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.conf import settings

from concierge import answering
from medspa.models import Heartbeat
from members import audit_seals, billing, joining, price_moves, quotes
from members.stripe_standin import delivery as standin_delivery
from outreach import acknowledgements, alerts, outbox, pause_reminders, price_notices, recovery, sequences

log = logging.getLogger(__name__)

Step = Callable[..., int]

STEPS: dict[str, Step] = {
    "stripe_events": billing.apply_waiting,
    "billing_changes": recovery.follow_all,
    "pages": alerts.page_due,
    "sequence_steps": sequences.advance,
    "stuck_messages": outbox.recover_stuck,
    "sent_messages": outbox.send_due,
    "late_answers": answering.answer_due,
}
# A round of its own, so that neither runs into the queue's time limit.
MEMBERSHIP_STEPS: dict[str, Step] = {
    "accepted_quotes": quotes.finish_due,
    "unannounced_pauses": pause_reminders.hold_unannounced,
    "ended_pauses": joining.check_pauses,
    "price_notices": price_notices.follow_delivered,
    "price_moves": price_moves.follow_due,
    "acknowledgements": acknowledgements.follow_all,
    "audit_seals": audit_seals.seal,
}
# The stand-in's webhooks that a lost task left behind.
DEMO_STEPS: dict[str, Step] = {"standin_events": standin_delivery.deliver_due}


def tick(*, now: datetime) -> dict[str, int]:
    """Run the round; how many rows each step moved (-1: the step failed, see the log)."""
    return _run("tick", {**DEMO_STEPS, **STEPS} if settings.DEMO else STEPS, now)


def follow_memberships(*, now: datetime) -> dict[str, int]:
    """The round of what memberships wait for; the same."""
    return _run("memberships", MEMBERSHIP_STEPS, now)


def _run(name: str, steps: dict[str, Step], now: datetime) -> dict[str, int]:
    began, moved = time.monotonic(), {}
    for each, step in steps.items():
        try:
            moved[each] = step(now=now)
        except Exception:
            log.exception("tick step failed", extra={"step": each})
            moved[each] = -1
    failed = ", ".join(each for each, count in moved.items() if count < 0)
    Heartbeat.objects.update_or_create(
        name=name, defaults={"beat_at": now, "seconds": time.monotonic() - began, "error": failed}
    )
    return moved
