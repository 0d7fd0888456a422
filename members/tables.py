"""The lists of the members floor."""

from datetime import date, datetime
from typing import Any

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_noop as _

from common import clock
from common.tables import BaseTable
from common.templatetags import look
from members import figures
from members.counted import Counted
from members.models import AuditEntry, Membership, PriceMove, StripeEvent


class MemberTable(BaseTable):
    member = tables.TemplateColumn(
        template_name="members/cells/member.html",
        order_by=("patient__last_name", "patient__first_name"),
        attrs={"td": {"class": "cell-main"}},
    )
    plan = tables.Column(accessor="plan__name", verbose_name=_("Plan"), order_by=("plan__tier",))
    status = tables.TemplateColumn(
        '<span class="status status-{{ record.status|colour }}">{{ record.get_status_display|translated }}</span>'
    )
    credits = tables.Column(
        accessor="credits_remaining", verbose_name=_("Credits"), attrs={"td": {"class": "tabular labelled"}}
    )
    next_visit = tables.TemplateColumn(
        "{% if record.next_appointment_at and record.next_appointment_at > table.now %}"
        "{{ record.next_appointment_at|moment:record.location.time_zone }}"
        '{% else %}<span class="text-secondary">{% translate "None booked" %}</span>{% endif %}',
        accessor="next_appointment_at",
        verbose_name=_("Next visit"),
        attrs={"td": {"class": "labelled"}},
        empty_values=(),
    )
    location = tables.Column(accessor="location__name", verbose_name=_("Location"), attrs={"td": {"class": "wide"}})
    since = tables.Column(accessor="started_on", verbose_name=_("Member since"), attrs={"td": {"class": "wide"}})

    class Meta(BaseTable.Meta):
        model = Membership
        fields = ()
        sequence = ("member", "plan", "status", "credits", "next_visit", "location", "since")
        order_by = ("member",)

    def __init__(self, *args: Any, now: datetime, filtered: bool, may_enrol: bool, **kwargs: Any) -> None:
        self.now, self.may_enrol = now, may_enrol
        empty = (
            _("No member matches. Try fewer letters, or clear the filters.")
            if filtered
            else _("No members yet. They appear here when your scheduler or Stripe is connected.")
        )
        super().__init__(*args, empty_text=empty, **kwargs)

    def render_since(self, record: Membership) -> str:
        return f"{record.started_on:%b} {record.started_on.day}, {record.started_on.year}"


class AuditTable(BaseTable):
    at = tables.TemplateColumn(
        "{{ record.at|moment:table.zone }}", verbose_name=_("When"), attrs={"td": {"class": "text-nowrap"}}
    )
    who = tables.Column(accessor="actor", verbose_name=_("Who"), orderable=False, attrs={"td": {"class": "cell-main"}})
    what = tables.Column(accessor="action", verbose_name=_("What"), orderable=False)
    patient = tables.Column(
        accessor="patient", linkify=("members:detail", {"pk": tables.A("patient_id")}), orderable=False, default=""
    )
    details = tables.Column(
        accessor="data",
        verbose_name=_("Details"),
        orderable=False,
        attrs={"td": {"class": "text-secondary small"}},
        empty_values=(),
    )
    origin = tables.Column(
        verbose_name=_("From"), orderable=False, attrs={"td": {"class": "text-secondary small wide"}}, default=""
    )

    class Meta(BaseTable.Meta):
        model = AuditEntry
        fields = ()
        sequence = ("at", "who", "what", "patient", "details", "origin")
        order_by = ("-at",)

    def __init__(self, *args: Any, zone: str, names: dict[str, str], filtered: bool, **kwargs: Any) -> None:
        self.zone, self._names = zone, names
        empty = (
            _("Nothing like this is on record. Widen a filter, or clear them all.")
            if filtered
            else _("Nothing is on record yet. Whatever is done or looked at from now on appears here.")
        )
        super().__init__(*args, empty_text=empty, **kwargs)

    def render_who(self, record: AuditEntry) -> str:
        return self._names.get(record.actor, record.actor)

    def render_what(self, record: AuditEntry) -> str:
        return record.action.replace(".", ": ").replace("_", " ")

    def render_details(self, record: AuditEntry) -> str:
        told = {
            key: " and ".join(map(str, value)) if isinstance(value, list) else value
            for key, value in record.data.items()
        }
        return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in told.items() if value != "")


class StripeEventTable(BaseTable):
    event = tables.TemplateColumn(
        '<a class="fw-medium" href="{% url \'members:stripe_event\' record.pk %}">{{ record.type }}</a>'
        '<div class="text-secondary small text-break">{{ record.object_id|default:record.stripe_id }}</div>',
        order_by=("type",),
        attrs={"td": {"class": "cell-main"}},
        empty_values=(),
    )
    state = tables.TemplateColumn(
        '<span class="status status-{{ record.state|colour }}">{{ record.get_state_display|translated }}</span>'
    )
    error = tables.TemplateColumn(
        '<div class="text-cell">{{ record.error|truncatechars:140|default:"" }}</div>',
        orderable=False,
        attrs={"td": {"class": "cell-main"}},
    )
    at = tables.TemplateColumn(
        "{{ record.received_at|moment:table.zone }}",
        accessor="received_at",
        verbose_name=_("Received"),
        attrs={"td": {"class": "text-nowrap text-secondary"}},
    )
    replay = tables.TemplateColumn(
        template_name="members/cells/replay.html", verbose_name="", orderable=False, empty_values=()
    )

    class Meta(BaseTable.Meta):
        model = StripeEvent
        fields = ()
        sequence = ("event", "state", "error", "at", "replay")
        order_by = ("-at",)

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        self.zone = zone
        empty = _(
            "Nothing here. Events that fail, or are of nobody here, or of another version of Stripe's API, appear."
        )
        super().__init__(*args, empty_text=empty, **kwargs)


class PriceMoveTable(BaseTable):
    """Who was told of another price, and what came of it."""

    member = tables.TemplateColumn(
        '<a class="fw-medium" href="{% url \'members:detail\' record.membership.patient_id %}">'
        "{{ record.membership.patient }}</a>",
        order_by=("membership__patient__last_name", "membership__patient__first_name"),
        attrs={"td": {"class": "cell-main"}},
        empty_values=(),
    )
    state = tables.TemplateColumn(
        '<span class="status status-{{ record.state|colour }}">{{ record.get_state_display|translated }}</span>'
    )
    told_at = tables.TemplateColumn(
        "{{ record.told_at|moment:record.membership.location.time_zone }}",
        verbose_name=_("Told"),
        attrs={"td": {"class": "labelled text-nowrap"}},
    )
    charged_from = tables.Column(verbose_name=_("First payment of it"), attrs={"td": {"class": "labelled text-nowrap"}})
    location = tables.Column(
        accessor="membership__location__name",
        verbose_name=_("Location"),
        orderable=False,
        attrs={"td": {"class": "wide"}},
    )

    class Meta(BaseTable.Meta):
        model = PriceMove
        fields = ()
        sequence = ("member", "state", "told_at", "charged_from", "location")
        empty_text = _("Nobody yet. A member appears here when the notice has reached them.")

    def render_charged_from(self, value: date) -> str:
        return f"{value:%b} {value.day}, {value.year}"


class FigureTable(BaseTable):
    """The rows behind one number: members, visits, invoices or credit entries, as `counted.Counted` opens them."""

    member = tables.TemplateColumn(
        '<a class="fw-medium" href="{% url \'members:detail\' record.patient_pk %}">{{ record.name }}</a>',
        orderable=False,
        attrs={"td": {"class": "cell-main"}},
        empty_values=(),
    )
    when = tables.Column(
        accessor="moment", verbose_name=_("When"), orderable=False, attrs={"td": {"class": "labelled text-nowrap"}}
    )
    standing = tables.Column(verbose_name=_("State"), orderable=False)
    worth = tables.Column(
        verbose_name=_("Adds"), orderable=False, attrs={"td": {"class": "labelled tabular"}}, empty_values=()
    )
    plan = tables.Column(accessor="plan_name", verbose_name=_("Plan"), orderable=False)
    location = tables.Column(
        accessor="place", verbose_name=_("Location"), orderable=False, attrs={"td": {"class": "wide"}}
    )

    class Meta(BaseTable.Meta):
        sequence = ("member", "when", "standing", "worth", "plan", "location")
        empty_text = _("No row was counted here. Choose another month, or all locations and plans.")

    def __init__(self, rows: Any, *, counted: Counted, **kwargs: Any) -> None:
        self._words = counted.state_words()
        sums = counted.value is not None
        super().__init__(rows, exclude=() if sums else ("worth",), **kwargs)
        self.columns["when"].column.verbose_name = f"{counted.noun.when_words}"

    def render_when(self, value: Any, record: dict[str, Any]) -> str:
        day = clock.local_date(value, record["zone"]) if isinstance(value, datetime) else value
        return f"{day:%b} {day.day}, {day.year}"

    def render_standing(self, value: str) -> SafeString:
        return format_html(
            '<span class="status status-{}">{}</span>', look.colour(value), self._words.get(value, value)
        )

    def render_worth(self, value: Any) -> str:
        return figures.worth_words(value)
