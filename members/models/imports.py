"""Files from the system of record, taken in piece by piece."""

from django.db import models
from django.utils.translation import gettext_noop as _

from members.models.staff import StaffUser


class ImportJob(models.Model):
    """checking -> ready -> running -> done          checking, ready -> discarded          checking, running -> failed

    A piece of work is one chunk: claimed by the lease, counted before it, and `cursor` is moved in the transaction
    that wrote its rows. So two workers write each row once, and a crash repeats at most an uncommitted chunk.
    """

    class Kind(models.TextChoices):
        PATIENTS = "patients", _("Patients")
        SERVICES = "services", _("Services")
        MEMBERSHIPS = "memberships", _("Memberships")
        VISITS = "visits", _("Visits")
        CREDITS = "credits", _("Credits")
        PAYMENTS = "payments", _("Payments")

    class State(models.TextChoices):
        CHECKING = "checking", _("Checking")
        READY = "ready", _("Waiting for you")
        RUNNING = "running", _("Importing")
        DONE = "done", _("Done")
        DISCARDED = "discarded", _("Discarded")
        FAILED = "failed", _("Stopped")

    UNDER_WAY = (State.CHECKING, State.RUNNING)

    kind = models.CharField(max_length=12, choices=Kind)
    file_name = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State, default=State.CHECKING)
    columns = models.JSONField(help_text="Field of each column; '' for a column that is left out.")
    headers = models.JSONField(help_text="The columns as the file names them.")
    rows_total = models.PositiveIntegerField(default=0)
    chunks_total = models.PositiveIntegerField(default=0)
    cursor = models.PositiveIntegerField(default=0, help_text="Chunks done in the present pass.")
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    uploaded_by = models.ForeignKey(StaffUser, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Of the present chunk.")
    leased_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-pk",)
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(state__in=["checking", "running"]), name="import_under_way"
            ),  # the tick's net
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} from {self.file_name}"

    @property
    def percent(self) -> int:
        return 100 * self.cursor // self.chunks_total if self.chunks_total else 100

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY


class ImportChunk(models.Model):
    """Up to 1,000 rows of a file. Emptied when the import is over, but for what was refused."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    rows = models.JSONField(help_text="[line, cells, why it cannot be read] for each row.")
    refused = models.JSONField(default=list, help_text="[line, external id, [[field, sentence], …], cells].")

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="a_chunk_number_once_an_import"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.number}"
