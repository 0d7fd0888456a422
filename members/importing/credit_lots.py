"""Credits granted or taken outside of a paid period: entries in the ledger, through its verbs, once a row."""

from members import credits
from members.importing import catalogue, references
from members.importing.batch import CREATED, UNCHANGED, Context, Entry
from members.importing.rows import CreditRow
from members.models import CreditEntry, Membership, Service


class CreditWriter:
    row_model = CreditRow

    def plan(self, entries: list[Entry], context: Context) -> None:
        services = catalogue.services_by_word()
        memberships = Membership.objects.select_related("patient", "location").in_bulk(
            [entry.row.membership for entry in entries], field_name="external_id"
        )
        done = _done(entries)
        for entry in entries:
            row: CreditRow = entry.row
            membership, service = memberships.get(row.membership), services.get(row.service.casefold())
            if membership is None:
                entry.refuse("membership", f"There is no membership with the id “{row.membership}”. Send it first.")
            if service is None:
                here = references.listed(catalogue.names_of(services.values()))
                entry.refuse("service", f"There is no service “{row.service}”. Here are: {here}.")
            if membership is None or service is None:
                continue
            entry.instance = (membership, service)
            if (earlier := done.get(_key(row))) is not None:
                _repeat(entry, earlier)
            else:
                _plan(entry, membership, service, context)

    def write(self, entries: list[Entry], context: Context) -> None:
        for entry in entries:
            _write(entry, context)


def _key(row: CreditRow) -> str:
    return f"intake:{row.external_id}"


def _done(entries: list[Entry]) -> dict[str, int]:
    """What rows of these ids moved before, signed. A removal has an entry for each lot that it took from."""
    moved: dict[str, int] = {}
    keys = {_key(entry.row) for entry in entries}
    ids = {entry.row.membership for entry in entries}
    earlier = CreditEntry.objects.filter(membership__external_id__in=ids, key__startswith="intake:")
    for key, quantity in earlier.values_list("key", "quantity"):
        whole = key.partition(":lot:")[0]
        if whole in keys:
            moved[whole] = moved.get(whole, 0) + quantity
    return moved


def _repeat(entry: Entry, moved: int) -> None:
    row: CreditRow = entry.row
    if moved == (row.quantity if row.kind == "grant" else -row.quantity):
        entry.outcome = UNCHANGED
    else:
        entry.refuse("external_id", "This id moved credits before, in another number. Send a new row with a new id.")


def _plan(entry: Entry, membership: Membership, service: Service, context: Context) -> None:
    row: CreditRow = entry.row
    if row.kind == "grant" and row.expires_at:
        if references.aware(row.expires_at, membership.location.time_zone) <= context.now:
            entry.refuse("expires_at", "These credits have ended already.")
    elif row.kind == "remove":
        left = credits.balance(membership, at=context.now, service=service)
        if left < row.quantity:
            entry.refuse("quantity", f"Only {left} {service} credits are left; a balance never falls below zero.")
    if not entry.is_refused:
        entry.outcome = CREATED


def _write(entry: Entry, context: Context) -> None:
    row: CreditRow = entry.row
    membership, service = entry.instance
    if row.kind == "remove":
        credits.spend(
            membership=membership,
            service=service,
            quantity=row.quantity,
            key=_key(row),
            actor=context.actor,
            reason=row.reason or "Taken away in the system of record",
            now=context.now,
        )
        return
    ends = references.aware(row.expires_at, membership.location.time_zone) if row.expires_at else None
    credits.grant(
        membership=membership,
        service=service,
        quantity=row.quantity,
        key=_key(row),
        expires_at=ends,
        actor=context.actor,
        reason=row.reason or "Granted in the system of record",
        now=context.now,
    )
