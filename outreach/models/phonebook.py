"""The demo's handsets: what a patient's phone shows. Written only by the phonebook transport."""

from django.db import models


class HandsetText(models.Model):
    """One text as a handset shows it, delivered by the phonebook instead of a carrier."""

    sid = models.CharField(max_length=40, unique=True)
    handset = models.CharField(max_length=16, db_index=True, help_text="The patient's number, E.164.")
    from_handset = models.BooleanField(help_text="True: the patient typed it.")
    body = models.TextField()
    # Outgoing only: where the signed delivery callbacks go and which of them went.
    status_callback = models.URLField(blank=True, max_length=300)
    status = models.CharField(max_length=12, default="queued")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("created_at", "pk")

    def __str__(self) -> str:
        return self.sid
