"""One patient's story: visits, credits, payments, texts, cases, sequences and the audit trail, newest first.

Each kind of row is one branch of a UNION ALL, so that a page of the merged story is one query, whatever its length.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, F, IntegerField, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils.translation import gettext_noop

from common import money
from members import declines
from members.models import AuditEntry, CreditEntry, Escalation, Invoice, Patient, StaffUser, Visit
from outreach import plain_words
from outreach.models import Enrolment, Message

Branch = QuerySet[Any, Any]
Told = tuple[str, str, str]  # title, body, label

ROWS_A_PAGE = 50
KINDS = {
    "visit": gettext_noop("Visits"),
    "credit": gettext_noop("Credits"),
    "payment": gettext_noop("Payments"),
    "message": gettext_noop("Texts"),
    "case": gettext_noop("Cases"),
    "sequence": gettext_noop("Sequences"),
    "audit": gettext_noop("Audit"),
}
_ICONS = {
    "visit": "calendar-event",
    "credit": "gift",
    "payment": "credit-card",
    "message": "message",
    "case": "urgent",
    "sequence": "list-check",
    "audit": "history",
}
_TEXTS = ("state", "words", "more", "tag")
_COLUMNS = ("at", "source", "pk", *_TEXTS, "amount")
# Told by rows of their own in the merged story; the audit filter shows them all the same.
_TOLD_ELSEWHERE = ("credit.", "visit.", "escalation.", "billing.", "enrolment.", "patient.viewed", "patients.")
_ACTORS = {
    "system": gettext_noop("the system"),
    "stripe": gettext_noop("Stripe"),
    "concierge": gettext_noop("the concierge"),
    "patient": gettext_noop("the patient"),
}

_ENDINGS = {
    "booked": gettext_noop("A visit was booked"),
    "paid": gettext_noop("The payment came in"),
    "finished": gettext_noop("All of its texts were sent"),
}
# Where the code of an act would not read as a sentence.
_ACTS = {
    "billing.payment_failed": gettext_noop("Payment failed"),
    "billing.payment_settled": gettext_noop("Payment received"),
    "enrolment.started": gettext_noop("Sequence of texts started"),
    "enrolment.ended": gettext_noop("Sequence of texts ended"),
    "hold.placed": gettext_noop("Automatic texts paused"),
    "hold.released": gettext_noop("Automatic texts resumed"),
    "message.staff_reply": gettext_noop("Text written"),
    "patient.viewed": gettext_noop("Page opened"),
    "pen.taken": gettext_noop("Automatic answers turned off"),
    "pen.given_back": gettext_noop("Automatic answers turned on"),
}


@dataclass(frozen=True)
class Entry:
    """A line of the story. `state` is the raw state (for its colour), `label` says it in words."""

    at: datetime
    source: str
    icon: str
    title: str
    body: str
    state: str
    label: str


@dataclass(frozen=True)
class Page:
    entries: list[Entry]
    number: int
    has_older: bool


def page(patient: Patient, *, kind: str, number: int) -> Page:
    """Page `number` (from 1) of the story: all kinds, or one of `KINDS`."""
    wanted = [kind] if kind in KINDS else list(KINDS)
    branches = [branch for each in wanted for branch in _BRANCHES[each](patient, kind == "audit")]
    merged = branches[0].union(*branches[1:], all=True) if len(branches) > 1 else branches[0]
    start = (number - 1) * ROWS_A_PAGE
    rows = list(merged.order_by("-story_at", "story_source", "-pk")[start : start + ROWS_A_PAGE + 1])
    entries = [_entry(dict(zip(_COLUMNS, row, strict=True))) for row in rows[:ROWS_A_PAGE]]
    return Page(entries, number, len(rows) > ROWS_A_PAGE)


def _visits(patient: Patient, _: bool) -> list[Branch]:
    over = Visit.objects.filter(patient=patient).exclude(status=Visit.Status.BOOKED)
    return [_branch("visit", over, "starts_at", state="status", words="service__name", more="location__name")]


def _credits(patient: Patient, _: bool) -> list[Branch]:
    entries = CreditEntry.objects.filter(membership__patient=patient)
    what = Coalesce("service__name", Value("membership"))
    columns = {"state": "kind", "words": what, "more": "reason", "tag": "unit", "amount": F("quantity")}
    return [_branch("credit", entries, "occurred_at", **columns)]


def _payments(patient: Patient, _: bool) -> list[Branch]:
    """A failure and its payment are two moments of one invoice."""
    invoices = Invoice.objects.filter(membership__patient=patient)
    due = F("amount_due_cents")
    recovered = Case(When(first_failed_at__isnull=False, then=Value("recovered")), default=Value(""))
    failed, paid = invoices.filter(first_failed_at__isnull=False), invoices.filter(paid_at__isnull=False)
    return [
        _branch("payment", failed, "first_failed_at", state=Value("failed"), more="decline_code", amount=due),
        _branch("payment", paid, "paid_at", state=Value("paid"), words="number", tag=recovered, amount=due),
    ]


def _messages(patient: Patient, _: bool) -> list[Branch]:
    texts = Message.objects.filter(patient=patient)
    return [_branch("message", texts, "created_at", state="status", words="body", more="reason", tag="kind")]


def _cases(patient: Patient, _: bool) -> list[Branch]:
    cases = Escalation.objects.filter(patient=patient)
    return [_branch("case", cases, "opened_at", state="state", words="summary", more="outcome", tag="reason")]


def _sequences(patient: Patient, _: bool) -> list[Branch]:
    enrolments = Enrolment.objects.filter(membership__patient=patient)
    ended = enrolments.filter(ended_at__isnull=False)
    ending = {"state": Value("ended"), "words": "sequence__name", "more": "ended_because"}
    return [
        _branch("sequence", enrolments, "started_at", state=Value("running"), words="sequence__name"),
        _branch("sequence", ended, "ended_at", **ending),
    ]


def _audits(patient: Patient, everything: bool) -> list[Branch]:
    entries = AuditEntry.objects.filter(Q(patient=patient) | Q(patient__merged_into=patient))
    for action in () if everything else _TOLD_ELSEWHERE:
        entries = entries.exclude(action__startswith=action)
    text = TextField()
    person = (
        StaffUser.objects.annotate(actor=Concat(Value("staff:"), Cast("pk", text), output_field=text))
        .filter(actor=OuterRef("actor"))
        .values_list(Concat("first_name", Value(" "), "last_name", output_field=text))[:1]
    )
    return [_branch("audit", entries, "at", words="actor", more=Coalesce(Subquery(person), Value("")), tag="action")]


_BRANCHES: dict[str, Callable[[Patient, bool], list[Branch]]] = {
    "visit": _visits,
    "credit": _credits,
    "payment": _payments,
    "message": _messages,
    "case": _cases,
    "sequence": _sequences,
    "audit": _audits,
}


def _branch(source: str, rows: QuerySet[Any], at: str, **columns: Any) -> Branch:
    """The columns of the story out of `rows`; what a kind has not is empty."""
    texts = {f"story_{name}": Cast(columns.get(name, Value("")), TextField()) for name in _TEXTS}
    numbers = {"story_amount": columns.get("amount", Value(0, output_field=IntegerField()))}
    named = {"story_at": F(at), "story_source": Value(source, output_field=CharField()), **texts, **numbers}
    branch: Branch = rows.order_by().annotate(**named).values_list("story_at", "story_source", "pk", *texts, *numbers)
    return branch


def _entry(row: dict[str, Any]) -> Entry:
    title, body, label = _TOLD[row["source"]](row)
    return Entry(row["at"], row["source"], _ICONS[row["source"]], title, body, row["state"], label)


def _tell_visit(row: dict[str, Any]) -> Told:
    return row["words"], row["more"], str(Visit.Status(row["state"]).label)


def _tell_credit(row: dict[str, Any]) -> Told:
    entry = CreditEntry(quantity=row["amount"], unit=row["tag"])
    what = "to spend" if entry.unit == CreditEntry.Unit.CENTS else f"{row['words']} credit"
    plural = "s" if entry.unit == CreditEntry.Unit.CREDIT and abs(entry.quantity) != 1 else ""
    return f"{entry.amount} {what}{plural}", row["more"], str(CreditEntry.Kind(row["state"]).label)


def _tell_payment(row: dict[str, Any]) -> Told:
    amount = money.readable(row["amount"])
    if row["state"] == "failed":
        return f"Payment of {amount} failed", declines.words(row["more"]), "Failed"
    return (
        f"{amount} {'recovered' if row['tag'] else 'paid'}",
        f"Invoice {row['words']}" if row["words"] else "",
        "Paid",
    )


def _tell_message(row: dict[str, Any]) -> Told:
    who = {"inbound": "Text from the patient", "staff": "Text from staff"}
    title = who.get(row["tag"]) or f"{plain_words.KINDS[row['tag']]}, by text"
    label = str(Message.Status(row["state"]).label)
    body = row["words"].replace("{link}", "[secure link]")
    return title, body, f"{label}: {row['more']}" if row["more"] else label


def _tell_case(row: dict[str, Any]) -> Told:
    body = f"{row['words']}\n→ {row['more']}" if row["more"] else row["words"]
    return f"Case: {Escalation.Reason(row['tag']).label}", body, str(Escalation.State(row["state"]).label)


def _tell_sequence(row: dict[str, Any]) -> Told:
    began = row["state"] == "running"
    because = _ENDINGS.get(row["more"], row["more"].capitalize())
    return f"{row['words']} {'started' if began else 'ended'}", because, ""


def _tell_audit(row: dict[str, Any]) -> Told:
    """'membership.past_due' by 'stripe' -> 'Membership past due', 'by Stripe'."""
    kind, _, number = row["words"].partition(":")
    actor = row["more"].strip() or _ACTORS.get(kind) or f"{kind} {number}".strip()
    done = _ACTS.get(row["tag"]) or row["tag"].replace(".", " ").replace("_", " ").capitalize()
    return done, f"by {actor}", ""


_TOLD: dict[str, Callable[[dict[str, Any]], Told]] = {
    "visit": _tell_visit,
    "credit": _tell_credit,
    "payment": _tell_payment,
    "message": _tell_message,
    "case": _tell_case,
    "sequence": _tell_sequence,
    "audit": _tell_audit,
}
