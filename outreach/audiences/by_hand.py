"""Whom staff chose themselves, for a sequence that they chose: the same reasons and causes as in the rounds.

A cause that a round uses too keeps the two from writing to a member twice about one thing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import BigIntegerField, Case, Exists, F, JSONField, OuterRef, Q, Value, When

from common.errors import Refused
from members.models import Membership
from members.models.memberships import MembershipQuerySet
from outreach.audiences import at_risk, left
from outreach.audiences.base import Moment, Selection, booked_ahead, skip, unreachable, whys, with_phone
from outreach.models import Enrolment, Sequence

Slug, Status = Sequence.Slug, Membership.Status
LATELY = timedelta(days=30)


@dataclass(frozen=True)
class Choice:
    """A sequence that may be begun by hand. `suits` says for whom it is; `unfit` is why a member is not meant by it;
    `kin` are the sequences of which one at a time is enough."""

    suits: str
    kin: tuple[str, ...]
    with_cause: Callable[[MembershipQuerySet, Moment], MembershipQuerySet]
    unfit: Callable[[Moment], tuple[When, ...]]
    signals: Callable[[Moment], Any] = lambda _moment: Value({}, output_field=JSONField())


def _without_use(moment: Moment) -> tuple[When, ...]:
    return (
        skip(Q(status=Status.PAUSED), "paused"),
        skip(~Q(status=Status.ACTIVE), "not_active"),
        skip(Q(credits_remaining__lte=0), "no_credits"),
        skip(booked_ahead(moment), "booked"),
    )


def _still_here(moment: Moment) -> tuple[When, ...]:
    again = Membership.objects.current().filter(patient=OuterRef("patient"))
    return (
        skip(~Q(status__in=Membership.ENDED), "not_ended"),
        skip(Exists(again), "restarted"),
        skip(booked_ahead(moment), "booked"),
    )


def _nudge(suits: str) -> Choice:
    """With the cause that Monday would give the member, whatever the wording: so Monday does not write again."""
    return Choice(suits, tuple(at_risk.TIERS.values()), at_risk.with_cause, _without_use)


CHOICES: dict[str, Choice] = {
    Slug.UTILIZATION: _nudge("Active members with credits and nothing booked within 30 days"),
    Slug.UTILIZATION_60: _nudge("The same, after about two months without a visit"),
    Slug.COME_BACK: _nudge("The same, after about three months without a visit"),
    Slug.WIN_BACK: Choice(
        "Members whose membership has ended and who have no other",
        (Slug.WIN_BACK,),
        lambda rows, _moment: rows.annotate(cause=left.of_this_end()),
        _still_here,
        left.what_ended,
    ),
}


def select(moment: Moment, *, slug: str, rows: MembershipQuerySet) -> Selection:
    """Each of `rows`: to be enrolled, or skipped with a reason. Raises Refused (not_by_hand) for other sequences."""
    choice = CHOICES.get(slug)
    if choice is None:
        raise Refused("Choose one of the sequences on this page.", code="not_by_hand")
    chosen = Membership.objects.filter(pk__in=rows.order_by().values("pk"))
    begun = Q(cause=OuterRef("cause")) | Q(started_at__gt=moment.now - LATELY) | Q(status=Enrolment.Status.RUNNING)
    kin = [moment.sequences[each].pk for each in choice.kin]
    before = Enrolment.objects.filter(begun, membership=OuterRef("pk"), sequence__in=kin).order_by()
    return Selection(
        rows=choice.with_cause(with_phone(chosen), moment),
        sequence=Case(default=moment.pk(slug), output_field=BigIntegerField()),
        cause=F("cause"),
        why=whys(
            *(() if slug in moment.live else (skip(Q(pk__isnull=False), "switched_off"),)),
            skip(Exists(before), "enrolled"),
            *choice.unfit(moment),
            *unreachable(moment.on),
        ),
        signals=choice.signals(moment),
    )
