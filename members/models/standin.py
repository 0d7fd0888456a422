"""Tables of the embedded Stripe stand-in (demo and tests; production settings refuse it)."""

from django.db import models


class StandinObject(models.Model):
    """One resource of the stand-in, in Stripe's own shape."""

    id = models.CharField(max_length=128, primary_key=True)
    kind = models.CharField(max_length=40, help_text="The `object` field: customer, invoice, event …")
    customer = models.CharField(max_length=64, blank=True, help_text="For lists filtered by customer.")
    parent = models.CharField(max_length=64, blank=True, help_text="Subscription of an invoice, invoice of a payment.")
    body = models.JSONField()
    created_at = models.DateTimeField()
    # Events only: when the signed webhook was delivered to our own endpoint, and how often that was tried.
    delivered_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "customer"], name="standin_by_customer"),
            models.Index(fields=["kind", "parent"], name="standin_by_parent"),
            models.Index(
                fields=["created_at"],
                condition=models.Q(kind="event", delivered_at__isnull=True),
                name="standin_event_undelivered",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class StandinReplay(models.Model):
    """The first answer to an idempotency key, replayed for every later request that carries it."""

    key = models.CharField(max_length=255, primary_key=True)
    fingerprint = models.CharField(
        max_length=64, help_text="Of method, path and parameters: reuse with others is refused."
    )
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
