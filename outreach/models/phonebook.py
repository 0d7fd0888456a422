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


class HandsetCall(models.Model):
    """One call as a handset has it: rings, is answered or not, and what was said on it."""

    sid = models.CharField(max_length=40, unique=True)
    handset = models.CharField(max_length=16, db_index=True, help_text="The patient's number, E.164.")
    from_handset = models.BooleanField(help_text="True: the patient called.")
    status = models.CharField(max_length=12, default="ringing", help_text="In the carrier's words.")
    answer_path = models.CharField(max_length=200, help_text="The door that says what to do when it is answered.")
    status_path = models.CharField(max_length=200, blank=True, help_text="Empty: nobody is told.")
    # What the last TwiML asked for: say or press something, ask again soon, or be put through.
    next_act = models.CharField(max_length=8, blank=True, help_text="gather, redirect, dial or ''.")
    next_path = models.CharField(max_length=200, blank=True)
    dials = models.CharField(max_length=16, blank=True)
    lines = models.JSONField(default=list, help_text='What was said, in order: [["us" | "them", "words"], …].')
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("created_at", "pk")

    def __str__(self) -> str:
        return self.sid


class HandsetMail(models.Model):
    """One e-mail as it lies in an inbox of the demo."""

    message_id = models.CharField(max_length=200, db_index=True)
    address = models.CharField(max_length=254, db_index=True)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    unsubscribe = models.CharField(max_length=400, blank=True, help_text="Where its one-click unsubscribing posts to.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("created_at", "pk")

    def __str__(self) -> str:
        return self.message_id
