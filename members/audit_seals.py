"""The chain over the audit trail: who changes, removes or slips in an entry breaks it (R116, R118, settled.md 18).

Verbs write entries unchained, so that they never wait for each other. Each minute `seal` links the new ones: a link's
digest covers its place, its entry and the digest before. A chain that was cut off at its end looks whole: note the
head that `verify` prints outside the database, and hand it in as `known`.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from common import rounds
from common.errors import Refused
from members import audit
from members.models import AuditEntry, AuditRound, AuditSeal

# No transaction lives that long; an entry that appears below what was sealed by then was slipped in.
LATEST = timedelta(hours=1)
BATCH = 5_000
_START = "0" * 64
_ENTRY = ("entry__at", "entry__actor", "entry__action", "entry__patient_id", "entry__data", "entry__origin")
_LINK = ("position", "day", "digest", "entry_id")


@dataclass(frozen=True)
class Break:
    """The first place where the chain does not hold."""

    position: int
    entry: int | None
    words: str


@dataclass(frozen=True)
class Verification:
    """`head` is the digest of the last link that was looked at; `unsealed` entries wait for the next minute."""

    links: int
    position: int
    head: str
    unsealed: int
    broken: Break | None

    @property
    def holds(self) -> bool:
        return self.broken is None

    def as_data(self) -> dict[str, Any]:
        return {"holds": self.holds, **asdict(self)}


def seal(*, now: datetime) -> int:
    """Link the entries that have no link, oldest first, until the round's time is up. Returns how many."""
    sealed = 0
    for _ in rounds.in_time(itertools.count()):
        linked = _seal_batch(now)
        if linked is None:  # another sealer was quicker; what it left is the next round's
            break
        sealed += linked
        if linked < BATCH:
            _looked(now)
            break
    return sealed


def verify(*, day: date | None = None, known: tuple[int, str] | None = None) -> Verification:
    """Recompute the chain, all of it or the links of one UTC `day`, and name the first that does not hold.

    `known` is (position, digest) noted down earlier: a chain that lost its end, or was made anew, fails on it.
    Raises Refused for a day without links.
    """
    if known and (found := _unlike(known)):
        return Verification(0, 0, "", 0, found)
    position, digest, links = _before(day), _START, 0
    if position:
        digest = AuditSeal.objects.values_list("digest", flat=True).get(position=position)
    for link, content in _links(AuditSeal.objects.filter(day=day) if day else AuditSeal.objects.all()):
        links += 1
        broken = _broken(link, position, digest, content)
        if broken:
            return Verification(links, position, digest, 0, broken)
        position, digest = link["position"], link["digest"]
    unsealed, slipped_in = without_seal()
    return Verification(links, position, digest, unsealed, slipped_in)


def note(found: Verification, *, actor: str, now: datetime) -> None:
    """Keep in the trail itself that somebody looked, and what they saw."""
    audit.record("audit.verified", actor=actor, patient=None, now=now, data=found.as_data())


def verify_on(*, position: int, digest: str, count: int = BATCH) -> Verification:
    """The next `count` links after a place that was found whole; `links` tells how many there were."""
    links, before = 0, digest or _START
    for link, content in _links(AuditSeal.objects.filter(position__gt=position, position__lte=position + count)):
        links += 1
        if broken := _broken(link, position, before, content):
            return Verification(links, position, before, 0, broken)
        position, before = link["position"], link["digest"]
    if links or not AuditSeal.objects.filter(position__gt=position).exists():
        return Verification(links, position, before, 0, None)
    gap = Break(position + 1, None, "is missing: its link was deleted")
    return Verification(0, position, before, 0, gap)


def head() -> str:
    """ "position:digest" of the last link; '' before the first."""
    last = AuditSeal.objects.order_by("-position").first()
    return f"{last.position}:{last.digest}" if last else ""


def _looked(now: datetime) -> None:
    """Remember a round that saw everything there was. A late clock takes nothing back."""
    AuditRound.objects.get_or_create(pk=1)
    AuditRound.objects.filter(Q(looked_at__isnull=True) | Q(looked_at__lt=now), pk=1).update(looked_at=now)


def _seal_batch(now: datetime) -> int | None:
    try:
        with transaction.atomic():
            last = AuditSeal.objects.order_by("-position").first()
            position, digest = (last.position, last.digest) if last else (0, _START)
            links = []
            for entry in _unsealed()[:BATCH]:
                position += 1
                digest = _digest(digest, position, entry.pk, _content(entry))
                day = now.astimezone(UTC).date()
                links.append(AuditSeal(position=position, entry=entry, day=day, digest=digest, sealed_at=now))
            AuditSeal.objects.bulk_create(links, batch_size=500)
    except IntegrityError:
        return None
    return len(links)


def _unsealed() -> Any:
    """In the order of ids. Below what was sealed an hour before the last round nothing honest can come up any more.

    Before that round, not before now: while the sealer rests, a transaction may end that began before its last link.
    """
    looked = AuditRound.objects.filter(pk=1).values_list("looked_at", flat=True).first()
    sealed = AuditSeal.objects.filter(sealed_at__lte=looked - LATEST) if looked else AuditSeal.objects.none()
    settled = sealed.order_by("-sealed_at", "-position").first()
    entries = AuditEntry.objects.filter(seal__isnull=True).order_by("pk")
    return entries.filter(pk__gt=settled.entry_id) if settled else entries


def without_seal() -> tuple[int, Break | None]:
    """How many entries wait for their seal, and the first one that was slipped in below sealed ones."""
    waiting = _unsealed().count()
    orphans = AuditEntry.objects.filter(seal__isnull=True).order_by("pk")
    if orphans.count() == waiting:
        return waiting, None
    first = orphans.first()
    return waiting, Break(0, first.pk if first else None, "was added below entries that were sealed before")


def _links(links: QuerySet[AuditSeal]) -> Iterator[tuple[dict[str, Any], str]]:
    for row in links.order_by("position").values(*_LINK, *_ENTRY).iterator(chunk_size=BATCH):
        at, *rest = (row[name] for name in _ENTRY)
        yield row, _canonical(at, *rest)


def _before(day: date | None) -> int:
    """The position before the first link to look at."""
    if day is None:
        return 0
    first = AuditSeal.objects.filter(day=day).order_by("position").first()
    if first is None:
        raise Refused(f"Nothing was sealed on {day:%B} {day.day}, {day.year} (UTC). Choose another day.", code="no_day")
    return first.position - 1


def _broken(link: dict[str, Any], position: int, digest: str, content: str) -> Break | None:
    if link["position"] != position + 1:
        lost = AuditSeal.objects.filter(position=position + 1).values_list("entry_id", flat=True).first()
        return Break(position + 1, lost, "was deleted" if lost else "is missing: its link was deleted")
    if link["digest"] != _digest(digest, link["position"], link["entry_id"], content):
        return Break(link["position"], link["entry_id"], "was changed after it was sealed")
    return None


def _unlike(known: tuple[int, str]) -> Break | None:
    position, digest = known
    link = AuditSeal.objects.filter(position=position).first()
    if link is None:
        return Break(position, None, "is missing: the chain ended there or later when its head was noted down")
    return None if link.digest == digest else Break(position, link.entry_id, "is not what was noted down")


def _content(entry: AuditEntry) -> str:
    return _canonical(entry.at, entry.actor, entry.action, entry.patient_id, entry.data, entry.origin)


def _canonical(at: datetime, *rest: Any) -> str:
    """One text for one entry, whichever database it came from."""
    return json.dumps([at.astimezone(UTC).isoformat(), *rest], sort_keys=True, separators=(",", ":"))


def _digest(before: str, position: int, entry: int, content: str) -> str:
    return hashlib.sha256(f"{before}\n{position}\n{entry}\n{content}".encode()).hexdigest()
