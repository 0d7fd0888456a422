"""A practice with N members in a few statements: rows are multiplied in the database from one made by the ORM.

The columns are read from the models, so a new column takes the template's value. A year of history each: five visits,
every seventh member has one ahead; four grants, two of them used; three invoices, one member in seventeen failed one.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, models, transaction

from medspa.demo import seeding
from members import standings
from members.models import (
    ConsentEntry,
    CreditEntry,
    HeldLot,
    Invoice,
    Location,
    Membership,
    Patient,
    PatientPhone,
    PlanVersion,
    Service,
    Visit,
)

FIRST = 1_000_000  # keys below it belong to the seed
VISITS, GRANTS, INVOICES, SEEDED = 5, 4, 3, 20
_KNOWN_SINCE = date(2022, 1, 1)


@dataclass(frozen=True)
class Chain:
    """What was made. Patient and membership of member i have the key FIRST + i, 1 <= i <= members."""

    members: int
    now: datetime


def chain(members: int, *, now: datetime) -> Chain:
    """The demo's practice, live, and N members more."""
    seeding.seed(members=SEEDED, now=now)
    with transaction.atomic():
        patient, membership = _template(now)
        _people(patient, members)
        _memberships(membership, members)
        _consents(patient, members, now)
        _visits(patient, members, now)
        _credits(membership, members, now)
        _invoices(membership, members, now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    standings.repair(now=now, actor="system")
    return Chain(members, now)


def multiply(template: models.Model, count: int, **columns: str) -> None:
    """`count` copies of a row. `columns`: field name -> SQL with `g` from 1 to count and `t`, the template; what is
    not named is copied. Without `id` the keys come from the sequence."""
    meta = template._meta
    fields = [field for field in meta.local_concrete_fields if not field.primary_key or field.name in columns]
    names = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(columns.get(field.name, f't."{field.column}"') for field in fields)
    unknown = set(columns) - {field.name for field in fields}
    if unknown:
        raise ValueError(f"{meta.label} has no {', '.join(sorted(unknown))}")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {meta.db_table} ({names}) SELECT {values} "  # noqa: S608  (names of our own models)
            f"FROM {meta.db_table} t CROSS JOIN generate_series(1, {count:d}) g WHERE t.id = {template.pk:d}"
        )
        for line in connection.ops.sequence_reset_sql(_NO_STYLE, [type(template)]):
            cursor.execute(line)


class _NoStyle:
    def __getattr__(self, name: str) -> Any:
        return str


_NO_STYLE: Any = _NoStyle()


def ago(now: datetime, days: str) -> str:
    """SQL: so many days before now; `days` is an expression of g."""
    return f"('{now.isoformat()}'::timestamptz - ({days}) * interval '1 day')"


def _one_of(rows: Any) -> str:
    keys = ", ".join(str(key) for key in rows.order_by("pk").values_list("pk", flat=True))
    return f"(ARRAY[{keys}]::bigint[])[1 + {{at}} % array_length(ARRAY[{keys}], 1)]"


def _template(now: datetime) -> tuple[Patient, Membership]:
    location = Location.objects.order_by("pk")[0]
    patient = Patient.objects.create(
        first_name="Alex", last_name="Template", email="alex@patients.example", birth_date=date(1990, 4, 2),
        state=location.state, zip_code=location.zip_code, home_location=location, joined_on=_KNOWN_SINCE,
    )  # fmt: skip
    PatientPhone.objects.create(patient=patient, number="+15125550000")
    membership = Membership.objects.create(
        patient=patient,
        plan_version=PlanVersion.objects.order_by("pk")[0],
        location=location,
        status=Membership.Status.CANCELLED,
        started_on=_KNOWN_SINCE,
        ended_at=now - timedelta(days=400),
    )
    return patient, membership


def _people(patient: Patient, count: int) -> None:
    multiply(
        patient,
        count,
        id=f"{FIRST} + g",
        external_id="'bench-' || g",
        first_name="(ARRAY['Ana','Ben','Chloe','Dev','Elena','Farah','Gus','Hana'])[1 + g % 8]",
        last_name="initcap(translate((g * 7919 % 100000)::text, '0123456789', 'aeioubdlmr'))",
        email="'p' || g || '@patients.example'",
        birth_date="DATE '1960-01-01' + (g * 37 % 15000)",
        home_location=_one_of(Location.objects.all()).format(at="g"),
    )
    multiply(patient.phones.get(), count, patient=f"{FIRST} + g", number="'+1512' || (2000000 + g)")


def _memberships(membership: Membership, count: int) -> None:
    long_ago = "t.ended_at"  # 400 days
    versions = PlanVersion.objects.filter(memberships__isnull=False).distinct()
    version = _one_of(versions).format(at="(g / 3)")
    multiply(
        membership,
        count,
        id=f"{FIRST} + g",
        patient=f"{FIRST} + g",
        plan_version=version,
        plan=f"(SELECT v.plan_id FROM members_planversion v WHERE v.id = {version})",  # noqa: S608
        location=_one_of(Location.objects.all()).format(at="g"),
        status="CASE WHEN g % 100 < 80 THEN 'active' WHEN g % 100 < 84 THEN 'past_due' WHEN g % 100 < 88 THEN 'paused' "
        "WHEN g % 100 < 90 THEN 'cancelling' ELSE 'cancelled' END",
        started_on="DATE '2025-01-01' + (g * 31 % 600)::int",
        current_period_start=f"{long_ago} + interval '390 days'",
        current_period_end=f"{long_ago} + interval '420 days'",
        past_due_since=f"CASE WHEN g % 100 >= 80 AND g % 100 < 84 THEN {long_ago} + interval '397 days' END",
        ended_at=f"CASE WHEN g % 100 >= 90 THEN {long_ago} + (200 + g % 190) * interval '1 day' END",
        stripe_customer_id="'cus_bench' || g",
        stripe_subscription_id="'sub_bench' || g",
    )


def _consents(patient: Patient, count: int, now: datetime) -> None:
    """Everybody agreed to servicing texts, nine in ten to marketing."""
    for purpose, of in ((ConsentEntry.Purpose.SERVICING, 1), (ConsentEntry.Purpose.MARKETING, 10)):
        said = ConsentEntry.objects.create(
            patient=patient, address=patient.phone, channel="sms", purpose=purpose, act="opt_in",
            wording="I agree to receive texts.", source="intake form", occurred_at=now - timedelta(days=300),
        )  # fmt: skip
        shown = f"CASE WHEN {of} > 1 AND g % {of} = 0 THEN 'servicing' ELSE t.purpose END"
        multiply(said, count, patient=f"{FIRST} + g", address="'+1512' || (2000000 + g)", purpose=shown)


def _visits(patient: Patient, count: int, now: datetime) -> None:
    """The last one 1 to 140 days ago, the others 33 days apart before it."""
    visit = Visit.objects.create(
        patient=patient, service=Service.objects.order_by("pk")[0], location=patient.home_location,
        starts_at=now - timedelta(days=500), ends_at=now - timedelta(days=500) + timedelta(hours=1),
        status=Visit.Status.COMPLETED,
    )  # fmt: skip
    at = f"((g - 1) % {count})"
    began = ago(now, f"1 + {at} * 17 % 140 + 33 * ({VISITS} - 1 - (g - 1) / {count})")
    whose = {
        "patient": f"{FIRST} + 1 + {at}",
        "service": _one_of(Service.objects.all()).format(at=at),
        "location": _one_of(Location.objects.all()).format(at=f"(1 + {at})"),
    }
    multiply(visit, count * VISITS, **whose, starts_at=began, ends_at=f"{began} + interval '1 hour'")
    ahead = ago(now, "-1 - g % 25")
    multiply(
        visit, count // 7, patient=f"{FIRST} + 7 * g", status="'booked'",
        starts_at=ahead, ends_at=f"{ahead} + interval '1 hour'",
    )  # fmt: skip


def _credits(membership: Membership, count: int, now: datetime) -> None:
    """A grant each 30 days that lasts 60, the older two used, so that most have one or two left."""
    grant = CreditEntry.objects.create(
        membership=membership, service=Service.objects.order_by("pk")[0], kind="grant", quantity=1, left=1,
        key="bench:template", occurred_at=now - timedelta(days=500), expires_at=now - timedelta(days=400),
        actor="system", reason="bench",
    )  # fmt: skip
    at, age = f"((g - 1) % {count})", f"30 * ({GRANTS} - 1 - (g - 1) / {count})"
    given = ago(now, f"{age} + {at} % 28")
    multiply(
        grant, count * GRANTS, id=f"{FIRST} + g", membership=f"{FIRST} + 1 + {at}", key="'bench:grant:' || g",
        occurred_at=given, expires_at=f"{given} + interval '60 days'",
    )  # fmt: skip
    multiply(
        grant, count * 2, membership=f"{FIRST} + 1 + {at}", lot=f"{FIRST} + g", kind="'spend'", number="1",
        quantity="-1", left="0", key="'bench:spend:' || g", expires_at="NULL",
        occurred_at=ago(now, f"{age} + {at} % 28 - 5"),
    )  # fmt: skip
    unused = CreditEntry.objects.filter(pk__gt=FIRST + 2 * count, pk__lte=FIRST + GRANTS * count)
    HeldLot.objects.bulk_create((HeldLot(pk=lot) for lot in unused.values_list("pk", flat=True)), batch_size=5000)


def _invoices(membership: Membership, count: int, now: datetime) -> None:
    paid = Invoice.objects.create(
        membership=membership, stripe_id="in_template", status="paid", amount_due_cents=19900,
        amount_remaining_cents=0, currency="usd", issued_at=now - timedelta(days=500),
        paid_at=now - timedelta(days=500),
    )  # fmt: skip
    at = f"((g - 1) % {count})"
    issued = ago(now, f"30 * ({INVOICES} - 1 - (g - 1) / {count}) + {at} % 28")
    open_ = f"((1 + {at}) % 100 BETWEEN 80 AND 83 AND (g - 1) / {count} = {INVOICES} - 1)"
    multiply(
        paid, count * INVOICES, membership=f"{FIRST} + 1 + {at}", stripe_id="'in_bench' || g", issued_at=issued,
        status=f"CASE WHEN {open_} THEN 'open' ELSE 'paid' END",
        amount_remaining_cents=f"CASE WHEN {open_} THEN 19900 ELSE 0 END",
        paid_at=f"CASE WHEN {open_} THEN NULL ELSE {issued} END",
        first_failed_at=f"CASE WHEN {open_} OR {at} % 17 = 0 THEN {issued} END",
    )  # fmt: skip
