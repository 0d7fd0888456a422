"""The lists of the outreach floor."""

from typing import Any

import django_tables2 as tables
from django.template.loader import render_to_string
from django.utils.translation import gettext_noop as _

from common.tables import BaseTable
from members import declines
from members.joining import states
from members.models import Invoice, Quote
from outreach import plain_words
from outreach.models import Message


class MessageTable(BaseTable):
    who = tables.TemplateColumn(
        template_name="outreach/cells/who.html",
        verbose_name=_("Patient"),
        order_by=("patient__last_name", "patient__first_name"),
        attrs={"td": {"class": "text-nowrap cell-main"}},
        empty_values=(),
    )
    text = tables.TemplateColumn(
        '<div class="text-cell">{{ record.body|without_link }}</div>',
        verbose_name=_("Text"),
        orderable=False,
        attrs={"td": {"class": "cell-main"}},
    )
    kind = tables.Column(verbose_name=_("Kind"), attrs={"td": {"class": "wide"}})
    status = tables.TemplateColumn(template_name="outreach/cells/status.html")
    at = tables.TemplateColumn(
        "{{ record.created_at|moment:table.zone }}",
        accessor="created_at",
        verbose_name=_("When"),
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
            _("No text matches. Widen a filter, or clear them all.")
            if filtered
            else _("No texts yet. Nudges, payment reminders and answers appear here as they are made.")
        )
        super().__init__(*args, empty_text=empty, **kwargs)

    def render_kind(self, record: Message) -> str:
        return plain_words.KINDS[record.kind]


class _OfMember(BaseTable):
    """Whose payment it is, in front."""

    member = tables.TemplateColumn(
        template_name="outreach/cells/owing.html",
        order_by=("membership__patient__last_name", "membership__patient__first_name"),
        attrs={"td": {"class": "cell-main"}},
        empty_values=(),
    )


class PaymentTable(_OfMember):
    amount = tables.TemplateColumn(
        "{{ record.amount_remaining_cents|money:record.currency }}",
        accessor="amount_remaining_cents",
        verbose_name=_("Amount"),
        attrs={"td": {"class": "tabular labelled"}},
    )
    why = tables.Column(
        accessor="decline_code", verbose_name=_("Why"), attrs={"td": {"class": "labelled"}}, empty_values=()
    )
    step = tables.TemplateColumn(
        "{% if record.next_at %}Step {{ record.next_position|add:1 }}"
        "{% if record.steps %} of {{ record.steps }}{% endif %}, "
        "{{ record.next_at|day:record.membership.location.time_zone }}"
        '{% else %}<span class="text-secondary">No step comes by itself</span>{% endif %}',
        accessor="next_at",
        verbose_name=_("Next step"),
        attrs={"td": {"class": "labelled"}},
        empty_values=(),
    )
    bank = tables.TemplateColumn(
        "{% if record.next_attempt_at %}{{ record.next_attempt_at|day:record.membership.location.time_zone }}"
        '{% else %}<span class="text-secondary">None planned</span>{% endif %}',
        accessor="next_attempt_at",
        verbose_name=_("Stripe tries again"),
        attrs={"td": {"class": "labelled text-nowrap"}},
        empty_values=(),
    )
    since = tables.TemplateColumn(
        "{{ record.first_failed_at|day:record.membership.location.time_zone }}",
        accessor="first_failed_at",
        verbose_name=_("Failed"),
        attrs={"td": {"class": "labelled text-nowrap"}},
    )
    acts = tables.Column(verbose_name=_("What to do"), orderable=False, empty_values=())

    class Meta(BaseTable.Meta):
        model = Invoice
        fields = ()
        sequence = ("member", "amount", "why", "step", "bank", "since", "acts")
        order_by = ("since",)

    def __init__(self, *args: Any, may_pause: bool, may_waive: bool, **kwargs: Any) -> None:
        self.may_pause, self.may_waive = may_pause, may_waive
        empty = _("No failed payment is open. One appears here as soon as Stripe tells of it.")
        super().__init__(*args, empty_text=empty, **kwargs)

    def render_why(self, record: Invoice) -> str:
        return declines.words(record.decline_code) or "The bank gave no reason"

    def render_acts(self, record: Invoice, column: Any, bound_column: Any, **_: Any) -> str:
        """What can be done with it, by who looks: the bank's answer, the membership's state and the role decide."""
        context = {
            "record": record,
            "may_retry": declines.kind_of(record.decline_code) == declines.Kind.SOFT,
            "may_pause": self.may_pause and Quote.Act.PAUSE in states.allowed(record.membership),
            "may_waive": self.may_waive,
        }
        return render_to_string("outreach/cells/payment_acts.html", context, self.request)


class RecoveredTable(_OfMember):
    amount = tables.TemplateColumn(
        "{{ record.amount_due_cents|money:record.currency }}",
        accessor="amount_due_cents",
        verbose_name=_("Amount"),
        attrs={"td": {"class": "tabular labelled"}},
    )
    failed = tables.TemplateColumn(
        "{{ record.first_failed_at|day:record.membership.location.time_zone }}",
        accessor="first_failed_at",
        verbose_name=_("Failed"),
        attrs={"td": {"class": "labelled text-nowrap"}},
    )
    paid = tables.TemplateColumn(
        "{{ record.paid_at|day:record.membership.location.time_zone }}",
        accessor="paid_at",
        verbose_name=_("Paid"),
        attrs={"td": {"class": "labelled text-nowrap"}},
    )

    class Meta(BaseTable.Meta):
        model = Invoice
        fields = ()
        sequence = ("member", "amount", "failed", "paid")
        order_by = ("-paid",)
        empty_text = _("No payment that had failed was paid this month yet.")
