"""The rows behind a figure: counted or summed by location and plan for the number, opened one by one for who asks."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, F, QuerySet, Sum, Value
from django.db.models.functions import Concat

Rows = QuerySet[Any, Any]


@dataclass(frozen=True)
class Noun:
    """What the rows are. `to`: the way from a row to the membership it counts for; `who`: to the patient; `when` and
    `state`: the columns that tell one row from the next."""

    one: str
    to: str
    who: str
    when: str
    state: str
    when_words: str


MEMBER = Noun("member", "", "patient", "started_on", "status", "Member since")
INVOICE = Noun("invoice", "membership__", "membership__patient", "issued_at", "status", "Issued")
VISIT = Noun("visit", "patient__memberships__", "patient", "starts_at", "status", "Visit on")
CREDIT = Noun("credit entry", "membership__", "membership__patient", "occurred_at", "kind", "Booked on")


@dataclass(frozen=True)
class Counted:
    """Rows that a figure counts, or whose `value` (cents, or a duration) it sums."""

    rows: Rows
    noun: Noun
    value: Any = None

    def grouped(self) -> Rows:
        """{"at": location, "on": plan, "n": the count or the sum}."""
        where = self.rows.order_by().values(at=F(f"{self.noun.to}location"), on=F(f"{self.noun.to}plan"))
        groups: Rows = where.annotate(n=Count("pk") if self.value is None else Sum(self.value))
        return groups

    def opened(
        self, *, location: int | None = None, plan: int | None = None, places: Collection[int] | None = None
    ) -> Rows:
        """The same rows as plain values, newest first. Kept to a location and a plan (and to `places`, the locations of
        who asks) by the very columns that the number is grouped by, so that nothing is counted here that is not there.
        """
        noun = self.noun
        columns = {
            "patient_pk": F(f"{noun.who}__pk"),
            "name": Concat(
                F(f"{noun.who}__first_name"), Value(" "), F(f"{noun.who}__last_name"), output_field=CharField()
            ),
            "at": F(f"{noun.to}location"),
            "on": F(f"{noun.to}plan"),
            "place": F(f"{noun.to}location__name"),
            "zone": F(f"{noun.to}location__time_zone"),
            "plan_name": F(f"{noun.to}plan__name"),
            "moment": F(noun.when),
            "standing": F(noun.state),
            "worth": Value(None, output_field=CharField()) if self.value is None else self.value,
        }
        rows = self.rows.order_by().annotate(**columns)
        kept = {"at": location, "on": plan}
        rows = rows.filter(**{column: pk for column, pk in kept.items() if pk})
        if places is not None:
            rows = rows.filter(at__in=places)
        newest_first: Rows = rows.order_by("-moment", "-pk").values("pk", *columns)
        return newest_first

    def state_words(self) -> dict[str, str]:
        """Stored state -> words."""
        choices = self.rows.model._meta.get_field(self.noun.state).choices or ()
        return {str(stored): str(words) for stored, words in choices}
