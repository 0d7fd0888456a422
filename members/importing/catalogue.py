"""Services: what can be booked."""

from collections.abc import Iterable

from members.importing.batch import CREATED, UNCHANGED, UPDATED, Context, Entry
from members.importing.references import set_given
from members.importing.rows import ServiceRow
from members.models import Plan, Service

_COPIED = ("name", "category", "duration_minutes", "price_cents", "add_on")


class ServiceWriter:
    row_model = ServiceRow

    def plan(self, entries: list[Entry], context: Context) -> None:
        known = Service.objects.in_bulk([entry.row.external_id for entry in entries], field_name="external_id")
        for entry in entries:
            row: ServiceRow = entry.row
            service = known.get(row.external_id)
            entry.instance = service or Service(external_id=row.external_id)
            changed = set_given(entry.instance, {name: getattr(row, name) for name in _COPIED})
            entry.outcome = CREATED if service is None else UPDATED if changed else UNCHANGED

    def write(self, entries: list[Entry], context: Context) -> None:
        Service.objects.bulk_create(
            [entry.instance for entry in entries],
            update_conflicts=True,
            unique_fields=["external_id"],
            update_fields=list(_COPIED),
        )


def services_by_word() -> dict[str, Service]:
    """By external id and by name, in small letters."""
    everything = list(Service.objects.all())
    return {each.name.casefold(): each for each in everything} | {
        each.external_id.casefold(): each for each in everything
    }


def plans_by_name() -> dict[str, Plan]:
    """With their versions; a plan that has none yet cannot be held."""
    sold = Plan.objects.filter(versions__isnull=False).distinct().prefetch_related("versions")
    return {plan.name.casefold(): plan for plan in sold}


def names_of(rows: Iterable[Service | Plan]) -> set[str]:
    return {row.name for row in rows}
