"""What an imported record says about being contacted (R7-R16, R28-R38).

A number or address that comes without consent fields may get servicing messages at most (R12). Marketing needs the
wording that was shown and when (R7, R8). An opt-out here outlives every import (R38); one that the record brings is
kept unless it is no news.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from members.importing import references
from members.importing.batch import Context, Entry
from members.importing.rows import PatientRow
from members.models import ConsentEntry

Act, Channel, Purpose = ConsentEntry.Act, ConsentEntry.Channel, ConsentEntry.Purpose

GIVEN_AT_INTAKE = "Contact details given to the practice; taken over without a record of consent."
OPT_OUT_IN_RECORD = "Opted out, as the patient's record says."
_Key = tuple[str | int | None, str, str, str]


@dataclass
class _Said:
    """What is on file for the addresses of a batch."""

    agreed: set[_Key] = field(default_factory=set)
    words: dict[tuple[str, str], list[ConsentEntry]] = field(default_factory=lambda: defaultdict(list))

    def is_news(self, address: str, channel: str, at: datetime | None) -> bool:
        """Whether an opt-out in the record tells us something.

        After the patient's own START an old fact told again does not count, or each nightly import would undo it (R37).
        """
        said = self.words[address, channel]
        if not said:
            return True
        last = said[-1]
        if last.act == Act.OPT_OUT:
            return False
        if at is not None:
            return at > last.occurred_at
        return not any(entry.wording == OPT_OUT_IN_RECORD for entry in said)


def check(entry: Entry) -> None:
    """Refuse a row whose marketing consent proves nothing, and one that agrees and opts out at once."""
    row: PatientRow = entry.row
    if (row.sms_marketing or row.email_marketing or row.voice_marketing) and not (
        row.consent_wording and row.consent_at
    ):
        entry.refuse(
            "consent_wording",
            "Marketing consent needs what the patient was shown (consent_wording) and when (consent_at).",
        )
    if (row.sms_marketing or row.voice_marketing) and not row.phone:
        entry.refuse("phone", "Consent to texts or calls needs the phone number it was given for.")
    if row.email_marketing and not row.email:
        entry.refuse("email", "Consent to e-mail needs the address it was given for.")
    if row.sms_opt_out and (row.sms_marketing or row.sms_servicing):
        entry.refuse("sms_opt_out", "A patient cannot agree and opt out at once. Send what was said last.")
    if row.email_opt_out and row.email_marketing:
        entry.refuse("email_opt_out", "A patient cannot agree and opt out at once. Send what was said last.")


def with_news(entries: list[Entry], context: Context) -> list[Entry]:
    """The entries that say something about consent which is not on file yet."""
    said = _on_file(entries)
    return [entry for entry in entries if any(_news(entry, said, context))]


def write(entries: list[Entry], context: Context) -> None:
    """Append what is new, under the batch's one audit row."""
    said = _on_file(entries)
    ConsentEntry.objects.bulk_create([new for entry in entries for new in _news(entry, said, context)])


def _on_file(entries: list[Entry]) -> _Said:
    addresses = {address for entry in entries for address in (entry.row.phone, entry.row.email) if address}
    said = _Said()
    entries_of = ConsentEntry.objects.filter(address__in=addresses).order_by()
    agreed = entries_of.filter(act=Act.OPT_IN)
    said.agreed.update(agreed.values_list("patient_id", "address", "channel", "purpose"))
    for each in entries_of.exclude(act=Act.OPT_IN).order_by("pk"):
        said.words[each.address, each.channel].append(each)
    return said


def _news(entry: Entry, said: _Said, context: Context) -> Iterable[ConsentEntry]:
    row: PatientRow = entry.row
    zone = entry.instance.home_location.time_zone
    at = references.aware(row.consent_at, zone) if row.consent_at else context.now
    wording = row.consent_wording or GIVEN_AT_INTAKE
    for address, channel, purpose, agreed in _claims(row):
        key = (entry.instance.pk, address, channel, purpose)
        if agreed and (entry.instance.pk is None or key not in said.agreed):
            yield ConsentEntry(
                patient=entry.instance, address=address, channel=channel, purpose=purpose, act=Act.OPT_IN,
                wording=wording, source=context.source, occurred_at=min(at, context.now),
            )  # fmt: skip
    out_at = references.aware(row.opted_out_at, zone) if row.opted_out_at else None
    for address, channel, out in _opt_outs(row):
        if out and said.is_news(address, channel, out_at):
            yield ConsentEntry(
                address=address, channel=channel, act=Act.OPT_OUT, wording=OPT_OUT_IN_RECORD,
                source=context.source, occurred_at=min(out_at or context.now, context.now),
            )  # fmt: skip


def _claims(row: PatientRow) -> Iterable[tuple[str, str, str, bool]]:
    """(address, channel, purpose, agreed). Silence about servicing counts as the number given at intake (R12)."""
    if row.phone:
        yield row.phone, Channel.SMS, Purpose.SERVICING, row.sms_servicing is not False and not row.sms_opt_out
        yield row.phone, Channel.SMS, Purpose.MARKETING, bool(row.sms_marketing)
        yield row.phone, Channel.VOICE, Purpose.MARKETING, bool(row.voice_marketing)
    if row.email:
        yield row.email, Channel.EMAIL, Purpose.SERVICING, not row.email_opt_out
        yield row.email, Channel.EMAIL, Purpose.MARKETING, bool(row.email_marketing)


def _opt_outs(row: PatientRow) -> Iterable[tuple[str, str, bool]]:
    """Channels that the record closes. A "no" to texts about one's own membership is an opt-out (R30: any route)."""
    if row.phone:
        yield row.phone, Channel.SMS, bool(row.sms_opt_out) or row.sms_servicing is False
    if row.email:
        yield row.email, Channel.EMAIL, bool(row.email_opt_out)
