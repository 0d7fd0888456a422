"""The lists of the concierge floor."""

from datetime import datetime
from typing import Any

import django_tables2 as tables
from django.utils.translation import gettext_noop as _

from common.tables import BaseTable
from members.models import Escalation

_EMPTY = {
    "open": "Nobody is waiting. Texts that the concierge cannot answer, and payments that need a call, appear here.",
    "mine": "You have no open case. Claim one from the open list.",
    "resolved": "No case has been resolved yet.",
}


class EscalationTable(BaseTable):
    case = tables.TemplateColumn(
        template_name="concierge/cells/case.html", order_by=("severity", "due_at"), attrs={"td": {"class": "cell-main"}}
    )
    summary = tables.TemplateColumn(
        '<div class="text-cell text-secondary">{{ value }}</div>',
        verbose_name=_("What happened"),
        orderable=False,
        attrs={"td": {"class": "cell-main"}},
    )
    wait = tables.TemplateColumn(
        template_name="concierge/cells/wait.html", verbose_name=_("Due"), order_by=("due_at",), empty_values=()
    )
    who = tables.TemplateColumn(
        template_name="concierge/cells/holder.html",
        verbose_name=_("With"),
        order_by=("claimed_by__first_name",),
        empty_values=(),
    )

    class Meta(BaseTable.Meta):
        model = Escalation
        fields = ()
        sequence = ("case", "summary", "wait", "who")

    def __init__(self, *args: Any, now: datetime, folder: str, **kwargs: Any) -> None:
        self.now = now
        super().__init__(*args, empty_text=_EMPTY[folder], **kwargs)
