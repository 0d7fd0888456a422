"""One member and one price change: told of it, then moved by Stripe with a payment."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from members.models.memberships import Membership
from members.models.plans import PriceChange


class PriceMoveQuerySet(models.QuerySet["PriceMove"]):
    def open(self) -> Self:
        return self.filter(state__in=PriceMove.OPEN)


class PriceMove(models.Model):
    """A notice that arrived, and what came of it (R96).

    told -> scheduled -> moved               scheduled -> told       its schedule went with another act of the member
    told, scheduled -> withdrawn             the practice took the announcement back
    told, scheduled -> left                  the membership ended, or has another plan
    told -> missed                           no payment fell into the lawful days; the next one is told of anew
    told, scheduled -> refused               Stripe refused: a person's work
    """

    class State(models.TextChoices):
        TOLD = "told", _("Told")
        SCHEDULED = "scheduled", _("Scheduled")
        MOVED = "moved", _("Pays the new price")
        WITHDRAWN = "withdrawn", _("Taken back")
        LEFT = "left", _("Left the plan")
        MISSED = "missed", _("Told, not moved in time")
        REFUSED = "refused", _("Refused")

    OPEN = (State.TOLD, State.SCHEDULED)

    change = models.ForeignKey(PriceChange, on_delete=models.PROTECT, related_name="moves")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="price_moves")
    told_at = models.DateTimeField(help_text="When the notice reached who pays.")
    charged_from = models.DateField(help_text="The first payment of the new price, as the notice says it.")
    state = models.CharField(max_length=9, choices=State, default=State.TOLD)
    times_scheduled = models.PositiveSmallIntegerField(default=0, help_text="Makes Stripe's idempotency keys (R145).")
    # Empty when nothing is to be done any more.
    next_look_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = PriceMoveQuerySet.as_manager()

    class Meta:
        ordering = ("-told_at", "-pk")
        constraints = [
            # One notice, one row, however often its delivery is told.
            models.UniqueConstraint(fields=["change", "membership", "charged_from"], name="one_move_a_notice"),
            # A member is moved once by one change: only what was missed may be told anew.
            models.UniqueConstraint(
                fields=["change", "membership"], condition=~Q(state="missed"), name="one_move_a_change"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["told", "scheduled"], next_look_at__isnull=False, closed_at__isnull=True)
                | Q(next_look_at__isnull=True, closed_at__isnull=False),
                name="an_open_move_is_looked_at",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_look_at"], condition=Q(next_look_at__isnull=False), name="price_move_due"
            ),  # round
            models.Index(fields=["membership", "told_at"], name="price_move_by_membership"),  # which notices are known
        ]

    def __str__(self) -> str:
        return f"{self.membership}: {self.change}"
