"""Rows that are written once and never changed: audit, consent.

PostgreSQL refuses changes by a trigger (`members/migrations/_append_only.py`). This refuses them earlier, with a
sentence, and on SQLite too; there only raw SQL gets past it, and `verify_audit` shows what it did.
"""

from typing import Any, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class AppendOnlyQuerySet(models.QuerySet[Row]):
    def update(self, **kwargs: Any) -> int:
        raise TypeError(f"{self.model.__name__} rows are append-only: write a new one.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError(f"{self.model.__name__} rows are append-only: they are kept (R38, R101, R116, R117).")


class AppendOnly(models.Model):
    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__} rows are append-only: write a new one.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError(f"{type(self).__name__} rows are append-only: they are kept (R38, R101, R116, R117).")
