"""Template filters for facts: money, phones, moments. A moment is shown in a zone that the template names."""

import json
from datetime import datetime

from django import template
from django.utils import dateformat
from django.utils.translation import gettext, ngettext, pgettext

from common import clock
from common import money as _money
from common import phones as _phones

register = template.Library()


@register.filter
def money(cents: int, currency: str = "usd") -> str:
    return _money.readable(cents, currency)


@register.filter
def phone(e164: str) -> str:
    return _phones.readable(e164)


@register.filter
def moment(when: datetime | None, zone: str) -> str:
    """'Thu Jun 18, 3:30 pm' on the clock of an IANA zone; '' for None."""
    return f"{day(when, zone)}, {hour(when, zone)}" if when else ""


@register.filter
def day(when: datetime | None, zone: str) -> str:
    """'Thu Jun 18', or as the language of the page says it; with the year when it is not the present one."""
    if not when:
        return ""
    local = clock.local(when, zone)
    year = "" if local.year == clock.local(clock.now(), zone).year else f", {local.year}"
    order = pgettext("a day, in the letters of Django's date formats", "D M j")
    return f"{dateformat.format(local, order)}{year}"


@register.filter
def hour(when: datetime | None, zone: str) -> str:
    """'3:30 pm'."""
    if not when:
        return ""
    local = clock.local(when, zone)
    return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"


@register.filter
def span(start: datetime, end: datetime) -> str:
    """How long between the two moments, whichever comes first: 'under a minute', '12 min', '3 h 5 min', '4 days'."""
    minutes = int(abs((end - start).total_seconds()) // 60)
    if minutes < 60:
        return f"{minutes} min" if minutes else gettext("under a minute")
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days = hours // 24
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}


@register.filter
def without_link(body: str) -> str:
    """A message's text as staff see it: the address that only the patient may open is not shown (R152)."""
    return body.replace("{link}", "[secure link]")


@register.filter
def pretty_json(value: object) -> str:
    """For staff who look into what a vendor sent."""
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def translated(words: object) -> str:
    """What code says in English, in the language of the page. It was marked with `gettext_noop` where it is written.

    Rows, logs and the audit trail keep the English: a language is put on at the edge, as a time zone is.
    """
    return gettext(str(words)) if words else ""
