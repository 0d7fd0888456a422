"""PostgreSQL refuses to change or delete a row of an append-only table, whoever asks (R38, R116)."""

from typing import Any

from django.db import migrations

_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_to_change_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Rows of % are append-only: % is refused.', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
"""
_TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_history();
"""


def refuse_changes(*tables: str) -> migrations.RunPython:
    """An operation that makes `tables` append-only on PostgreSQL. On SQLite the models refuse (AppendOnly)."""

    def install(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(_FUNCTION, params=None)
            for table in tables:
                schema_editor.execute(_TRIGGER.format(table=table))

    def remove(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            for table in tables:
                schema_editor.execute(f"DROP TRIGGER append_only ON {table};")

    return migrations.RunPython(install, remove)
