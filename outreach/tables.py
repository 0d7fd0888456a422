"""The lists of the outreach floor."""

from typing import Any

import django_tables2 as tables

from common.tables import BaseTable
from outreach import plain_words
from outreach.models import Message


class MessageTable(BaseTable):
    who = tables.TemplateColumn(
        template_name="outreach/cells/who.html",
        verbose_name="Patient",
        order_by=("patient__last_name", "patient__first_name"),
        attrs={"td": {"class": "text-nowrap cell-main"}},
        empty_values=(),
    )
    text = tables.TemplateColumn(
        '<div class="text-cell">{{ record.body|without_link }}</div>',
        verbose_name="Text",
        orderable=False,
        attrs={"td": {"class": "cell-main"}},
    )
    kind = tables.Column(verbose_name="Kind", attrs={"td": {"class": "wide"}})
    status = tables.TemplateColumn(template_name="outreach/cells/status.html")
    at = tables.TemplateColumn(
        "{{ record.created_at|moment:table.zone }}",
        accessor="created_at",
        verbose_name="When",
        attrs={"td": {"class": "text-nowrap text-secondary"}},
    )

    class Meta(BaseTable.Meta):
        model = Message
        fields = ()
        sequence = ("who", "text", "kind", "status", "at")
        order_by = ("-at",)

    def __init__(self, *args: Any, zone: str, filtered: bool, **kwargs: Any) -> None:
        self.zone = zone
        empty = (
            "No text matches. Widen a filter, or clear them all."
            if filtered
            else "No texts yet. Nudges, payment reminders and answers appear here as they are made."
        )
        super().__init__(*args, empty_text=empty, **kwargs)

    def render_kind(self, record: Message) -> str:
        return plain_words.KINDS[record.kind]
