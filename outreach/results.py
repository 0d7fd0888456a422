"""What came of a sequence: per step, and how its enrolments ended. Reads only."""

from dataclasses import dataclass

from django.db.models import Count, Q

from outreach.models import Enrolment, Message, Sequence, Step

_ARRIVED = (Message.Status.SENT, Message.Status.DELIVERED)
_KEPT_BACK = (Message.Status.HELD, Message.Status.DROPPED, Message.Status.FAILED, Message.Status.UNDELIVERED)


@dataclass(frozen=True)
class StepResult:
    step: Step
    made: int
    arrived: int
    kept_back: int
    taken: int  # a reply that the text offered was given


def per_step(sequence: Sequence) -> list[StepResult]:
    """Texts of every version, by the step's place in it."""
    results = []
    for step in sequence.steps.select_related("version__sequence"):
        texts = Message.objects.filter(
            enrolment__sequence=sequence,
            dedupe_key__startswith="enrolment:",
            dedupe_key__endswith=f":step:{step.position}",
        )
        counted = texts.aggregate(
            made=Count("pk"),
            arrived=Count("pk", filter=Q(status__in=_ARRIVED)),
            kept_back=Count("pk", filter=Q(status__in=_KEPT_BACK)),
            taken=Count("pk", filter=Q(offer__taken_at__isnull=False)),
        )
        results.append(StepResult(step, **counted))
    return results


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
