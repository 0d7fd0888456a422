"""The life of a membership, one state machine. Doors offer and accept a quote (`members/quotes.py`); this does it.

    (join) -> pending --start--> active
              pending ---------> cancelled                 the first payment never came
              active  <--------> past due (grace)          a payment failed, was settled
              active, past due --freeze--> paused (until)  payments are skipped
              paused  --resume, or its date--> active, past due
              active, past due, paused --cancel--> cancelling (at period end) --> cancelled
              cancelling --keep--> active, past due, paused
              past due --grace over--> paused | cancelled  by the plan's rule (members/grace.py)
              past due, cancelling, paused --> lapsed      Stripe gave up collecting
              active, past due, paused --> cancelled       ended at once at Stripe
    cancelled and lapsed are final: restart joins anew (`restarted_from`), pending -> active.
    change_plan leaves the state: upwards now with proration, downwards with the next period.

Stripe's answer decides where an act ended; its events move a membership along the same lines.
"""

from members.joining.acts import at_stripe
from members.joining.pauses import check_pauses, hold_pause
from members.joining.settling import fail, join, settle
from members.joining.states import DRAWN, require

__all__ = ["DRAWN", "at_stripe", "check_pauses", "fail", "hold_pause", "join", "require", "settle"]
