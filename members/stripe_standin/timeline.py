"""What is due at Stripe by itself: renewals, retries, notices of a coming charge, ends of pauses. Oldest first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from members.models import StandinObject
from members.stripe_standin import playing
from members.stripe_standin.store import Body

NOTICE = timedelta(days=7)  # before a charge; a Dashboard setting at Stripe


@dataclass(frozen=True)
class Due:
    """`what`: announce, renew or retry. `body`: the subscription, or the invoice that is tried again."""

    at: datetime
    what: str
    body: Body


Before = Callable[[Due, datetime], None]


def happen(*, now: datetime, limit: int = 50, before: Before | None = None) -> int:
    """Let the first `limit` things that are due happen; `before` may change a card before a charge. How many did."""
    due = sorted(_due(now), key=lambda each: each.at)[:limit]
    for each in due:
        if before:
            before(each, now)
        if each.what == "announce":
            _announce(each.body, now)
        elif each.what == "renew":
            playing.renew(each.body["id"], now=now)
        else:
            playing.retry(each.body["id"], now=now)
    return len(due)


def _due(now: datetime) -> list[Due]:
    moment, soon = int(now.timestamp()), int((now + NOTICE).timestamp())
    found = []
    alive = StandinObject.objects.filter(
        kind="subscription",
        body__status__in=["active", "past_due"],
        body__items__data__0__current_period_end__lte=soon,
    )
    bodies = list(alive.values_list("body", flat=True))
    told = set(StandinObject.objects.filter(pk__in=[_notice(body) for body in bodies]).values_list("pk", flat=True))
    for body in bodies:
        ends = _ends(body)
        if ends <= now:
            found.append(Due(ends, "renew", body))
        elif _notice(body) not in told and not body["cancel_at_period_end"]:
            found.append(Due(ends - NOTICE, "announce", body))
    unpaid = StandinObject.objects.filter(kind="invoice", body__status="open", body__next_payment_attempt__lte=moment)
    for body in unpaid.values_list("body", flat=True):
        found.append(Due(datetime.fromtimestamp(body["next_payment_attempt"], UTC), "retry", body))
    return found


def _ends(body: Body) -> datetime:
    return datetime.fromtimestamp(body["items"]["data"][0]["current_period_end"], UTC)


def _notice(body: Body) -> str:
    """The row that remembers that a charge was announced."""
    return f"notice_{body['id']}_{int(_ends(body).timestamp())}"


def _announce(body: Body, now: datetime) -> None:
    StandinObject.objects.create(pk=_notice(body), kind="notice", body={}, created_at=now)
    playing.announce(body["id"], now=now)
