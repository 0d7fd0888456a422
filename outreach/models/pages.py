"""Whom we paged about an emergency, and when."""

from django.db import models

from members.models import Escalation
from outreach.models.messages import Message


class Page(models.Model):
    """One text to one person on call. Never changed."""

    case = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="pages")
    alarm_began_at = models.DateTimeField(help_text="Something new after an acknowledgement begins the chain again.")
    round = models.PositiveSmallIntegerField(help_text="1: one after the other; 2: everyone; from 3: the last one.")
    position = models.PositiveSmallIntegerField(help_text="Of the contact in the list.")
    phone = models.CharField(max_length=16, help_text="Theirs, as it was then.")
    text = models.OneToOneField(Message, on_delete=models.PROTECT, related_name="page")
    paged_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [
            # Two workers, one page.
            models.UniqueConstraint(
                fields=["case", "alarm_began_at", "round", "position"], name="one_page_a_contact_and_round"
            ),
        ]

    def __str__(self) -> str:
        return f"Case {self.case_id}, round {self.round}, contact {self.position}"
