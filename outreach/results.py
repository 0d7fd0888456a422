"""What came of a sequence: per step, and how its enrolments ended. Reads only."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When

from members import places
from members.models import ConsentEntry, Invoice, Visit
from outreach.models import Enrolment, Message, Sequence, SequenceVersion, Step

_ARRIVED = (Message.Status.SENT, Message.Status.DELIVERED)
_KEPT_BACK = (Message.Status.HELD, Message.Status.DROPPED, Message.Status.FAILED, Message.Status.UNDELIVERED)
SINCE = timedelta(days=90)
WITHIN = timedelta(days=7)
_NO_STEP = -1

# What may come of a text, by the annotation of `texts` that says so: (its words, whether it is good news).
OUTCOMES = {
    "sent": ("sent", None),
    "delivered": ("delivered", None),
    "kept_back": ("kept back", False),
    "replied": ("replied", True),
    "taken": ("took the offer", True),
    "booked": ("booked", True),
    "recovered": ("recovered", True),
    "opted_out": ("opted out", False),
}


@dataclass(frozen=True)
class Outcome:
    name: str
    words: str
    count: int
    is_good: bool | None


@dataclass(frozen=True)
class StepResult:
    step: Step
    outcomes: list[Outcome]  # those that happened at all


def per_step(live: SequenceVersion, *, now: datetime, at: Collection[int] | None = None) -> list[StepResult]:
    """What came of the texts of the last 90 days, of whatever version, by the place of each step in the live one.

    `at`: of members of these locations only. One statement for all steps.
    """
    steps = list(live.steps.select_related("version__sequence"))
    made = texts(live.sequence, [step.position for step in steps], now=now, at=at).order_by().values("place")
    counted = made.annotate(**{f"n_{name}": Count("pk", filter=Q(**{name: True})) for name in OUTCOMES})
    found = {row["place"]: row for row in counted}
    return [
        StepResult(
            step,
            [
                Outcome(name, words, found[step.position][f"n_{name}"], is_good)
                for name, (words, is_good) in OUTCOMES.items()
                if found.get(step.position, {}).get(f"n_{name}")
            ],
        )
        for step in steps
    ]


def texts(
    sequence: Sequence, positions: Iterable[int], *, now: datetime, at: Collection[int] | None = None
) -> "QuerySet[Any]":
    """Texts of the last 90 days of the steps at these positions, with that `place` and an annotation for every outcome.

    What follows a text counts for it within seven days, and until the next text of the same enrolment went out.
    """
    rows = Message.objects.filter(enrolment__sequence=sequence, created_at__gt=now - SINCE)
    rows = places.within(rows, at, "location").annotate(place=_place(positions))
    stopped = ConsentEntry.objects.filter(act=ConsentEntry.Act.OPT_OUT, address=OuterRef("address"))
    replies = Message.objects.filter(direction=Message.Direction.IN, address=OuterRef("address"))
    visits = Visit.objects.filter(patient=OuterRef("enrolment__membership__patient"))
    owed = Invoice.objects.filter(membership=OuterRef("enrolment__membership"), status=Invoice.Status.PAID)
    rows = rows.annotate(
        sent=_when(status__in=Message.WENT_OUT),
        delivered=_when(status=Message.Status.DELIVERED),
        kept_back=_when(status__in=_KEPT_BACK),
        taken=_when(offer__taken_at__isnull=False),
        opted_out=_follows(stopped, "occurred_at"),
        heard=_follows(replies, "created_at"),
        booked=_follows(visits, "booked_at"),
        recovered=_follows(owed.filter(first_failed_at__isnull=False), "paid_at"),
    )
    return rows.annotate(replied=_when(heard=True, opted_out=False))


def _place(positions: Iterable[int]) -> Case:
    ends = (When(dedupe_key__endswith=f":step:{position}", then=Value(position)) for position in positions)
    return Case(*ends, default=Value(_NO_STEP), output_field=IntegerField())


def _when(**condition: object) -> Case:
    return Case(When(Q(**condition), then=Value(True)), default=Value(False))


def _follows(facts: "QuerySet[Any]", moment: str) -> Exists:
    """Whether one of `facts` happened within seven days after the text, with no later text of the enrolment between.

    The later text is looked for last, of the few facts that there are and not of every text.
    """
    sent = {"enrolment": OuterRef(OuterRef("enrolment")), "sent_at__gt": OuterRef(OuterRef("sent_at"))}
    between = Message.objects.filter(**sent, sent_at__lt=OuterRef(moment)).order_by()
    within = {f"{moment}__gt": OuterRef("sent_at"), f"{moment}__lte": OuterRef("sent_at") + WITHIN}
    return Exists(facts.filter(**within).exclude(Exists(between)).order_by())


def endings(sequence: Sequence) -> list[tuple[str, int]]:
    """(why it ended, how many), most frequent first; "running" and "held out" among them."""
    rows = Enrolment.objects.filter(sequence=sequence).order_by()
    counted = rows.values_list("status", "ended_because").annotate(count=Count("pk"))
    named = [
        ("running" if status == Enrolment.Status.RUNNING else because, count) for status, because, count in counted
    ]
    return sorted(named, key=lambda each: -each[1])


def summaries() -> dict[int, dict[str, int]]:
    """Of each sequence (by id): running enrolments, those put aside for the comparison, texts that arrived."""
    enrolments = Enrolment.objects.order_by().values("sequence_id")
    counted = enrolments.annotate(
        running=Count("pk", filter=Q(status=Enrolment.Status.RUNNING)), held_out=Count("pk", filter=Q(held_out=True))
    )
    texts = Message.objects.filter(enrolment__isnull=False, status__in=_ARRIVED).order_by()
    arrived = dict(texts.values_list("enrolment__sequence_id").annotate(Count("pk")))
    return {
        row["sequence_id"]: {
            "running": row["running"],
            "held_out": row["held_out"],
            "arrived": arrived.get(row["sequence_id"], 0),
        }
        for row in counted
    }
