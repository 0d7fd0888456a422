"""No provider and no patient is in two places at once: exclusion constraints, which only PostgreSQL has.

SQLite needs none: its immediate transactions let one booking pass at a time. Only what we book is bound (external_id
empty): what a mirrored scheduler double-books is its own affair. btree_gist is a trusted extension since PostgreSQL
13, so the owner of the database may create it.
"""

from django.db import migrations

_BOOKED = "status IN ('requested', 'booked') AND external_id IS NULL"
_HELD = "released_at IS NULL"
_CONSTRAINTS = (
    # One provider treats one patient at a time.
    ("members_visit", "provider_booked_once", "provider_id", _BOOKED),
    # One patient is not booked with two providers at the same time.
    ("members_visit", "patient_booked_once", "patient_id", _BOOKED),
    # A provider's time is kept for one patient.
    ("members_slothold", "provider_held_once", "provider_id", _HELD),
    # The times kept for one patient do not overlap: each of them can be taken.
    ("members_slothold", "patient_held_once", "patient_id", _HELD),
)


def add(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    for table, name, column, when in _CONSTRAINTS:
        schema_editor.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist "
            f"({column} WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE ({when})"
        )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table, name, _, _ in _CONSTRAINTS:
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


class Migration(migrations.Migration):
    dependencies = [("members", "0004_scheduling")]

    operations = [migrations.RunPython(add, remove)]
