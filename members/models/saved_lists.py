"""A selection of members that a colleague looks at often."""

from typing import Self

from django.db import models
from django.db.models import Q

from members.models.staff import StaffUser


class SavedListQuerySet(models.QuerySet["SavedList"]):
    def seen_by(self, user: StaffUser) -> Self:
        """Their own, and what colleagues share with the practice."""
        return self.filter(Q(owner=user) | Q(is_shared=True)).select_related("owner")


class SavedList(models.Model):
    """Named filters of the member list, not its rows: whoever opens it sees who is in it now."""

    owner = models.ForeignKey(StaffUser, on_delete=models.CASCADE, related_name="saved_lists")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=300, help_text="Filters and order as an address has them; never a search.")
    is_shared = models.BooleanField(default=False, help_text="Everybody in the practice sees it.")
    saved_at = models.DateTimeField()

    objects = SavedListQuerySet.as_manager()

    class Meta:
        ordering = ("name", "pk")
        constraints = [
            # Saved again under its name, a list replaces itself.
            models.UniqueConstraint(fields=["owner", "name"], name="one_saved_list_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
