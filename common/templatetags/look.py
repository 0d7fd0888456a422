"""How things look: icons and the colour of a state."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.templatetags.facts import translated

register = template.Library()

# A colour says the same everywhere: green is well, red needs a person, yellow waits, blue is under way.
_COLOURS = {
    "green": {"active", "delivered", "paid", "completed", "resolved", "opt_in", "resubscribe", "done", "moved"},
    "red": {
        "past_due",
        "undelivered",
        "failed",
        "uncollectible",
        "opt_out",
        "no_show",
        "emergency",
        "open_case",
        "refused",
    },
    "yellow": {"held", "unknown", "pending", "cancelling", "high", "open", "ready", "missed"},
    "blue": {"queued", "sending", "sent", "booked", "claimed", "running", "received", "checking", "told", "scheduled"},
}
_COLOUR_OF = {state: colour for colour, states in _COLOURS.items() for state in states}


@register.filter
def colour(state: str) -> str:
    """'past_due' -> 'red'; what is over or unknown is 'secondary'."""
    return _COLOUR_OF.get(str(state), "secondary")


@register.filter
def words(code: str) -> str:
    """'credit_balance' -> 'credit balance'."""
    return str(code).replace("_", " ")


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon from static/vendor/tabler-icons.svg. Decoration: words stand beside it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        extra,
        static("vendor/tabler-icons.svg"),
        name,
    )


@register.filter
def control(field: BoundField) -> SafeString:
    """A form field with Tabler's classes, and its hint and error named for screen readers."""
    widget = field.field.widget
    kind = getattr(widget, "input_type", "")
    look = "form-check-input" if kind == "checkbox" else "form-select" if kind == "select" else "form-control"
    attrs: dict[str, str | bool] = {"class": look}
    if field.errors:
        attrs |= {"aria-invalid": "true", "aria-describedby": f"{field.auto_id}_error"}
    if hasattr(widget, "choices"):
        widget.choices = _in_their_language(widget.choices)
    return field.as_widget(attrs=attrs)


def _in_their_language(choices: Iterable[Any]) -> list[Any]:
    """Options of a select, and of its groups."""
    return [
        (translated(value), _in_their_language(said)) if isinstance(said, list | tuple) else (value, translated(said))
        for value, said in choices
    ]
