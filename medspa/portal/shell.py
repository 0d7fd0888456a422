"""What every portal page shows around its content: the practice, the menu, what waits for a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from common.access import EVERYWHERE
from members import places
from members.models import Escalation, Location, Practice, StaffUser


@dataclass(frozen=True)
class MenuItem:
    """One page of the menu. `area`: what the names of its views begin with, one or several, to mark where one is.

    It is shown to those who may open it: the view's own declaration says who that is.
    """

    label: str
    url_name: str
    icon: str
    area: str | tuple[str, ...]
    counts_cases: bool = False
    group: str = ""


AUTOMATION, PRACTICE = _("Automation"), _("Practice")
MENU = (
    MenuItem(_("Today"), "portal:today", "sun", area="portal:today"),
    MenuItem(_("Conversations"), "concierge:inbox", "inbox", area="concierge:inbox"),
    MenuItem(_("Escalations"), "concierge:queue", "urgent", area="concierge:", counts_cases=True),
    MenuItem(_("Schedule"), "members:schedule", "calendar-week", area="members:schedule"),
    MenuItem(_("Members"), "members:list", "users", area="members:"),
    MenuItem(_("Payments"), "outreach:payments", "credit-card", area=("outreach:payment", "members:stripe")),
    MenuItem(_("Plans"), "members:plans", "tag", area=("members:plan", "members:price_")),
    MenuItem(_("Texts"), "outreach:messages", "messages", area="outreach:messages", group=AUTOMATION),
    MenuItem(_("Cadence"), "outreach:cadence", "calendar-week", area="outreach:cadence", group=AUTOMATION),
    MenuItem(_("Sequences"), "outreach:sequences", "list-check", area="outreach:sequence", group=AUTOMATION),
    MenuItem(_("Metrics"), "members:metrics", "chart-bar", area="members:metric", group=PRACTICE),
    MenuItem(_("What patients ask"), "concierge:asking", "messages", area="concierge:asking", group=PRACTICE),
    MenuItem(_("Audit trail"), "members:audit", "history", area="members:audit", group=PRACTICE),
    MenuItem(_("Imports"), "members:imports", "file-import", area="members:import", group=PRACTICE),
    MenuItem(_("API keys"), "members:api_keys", "key", area="members:api_key", group=PRACTICE),
    MenuItem(_("Webhooks"), "members:webhook_endpoints", "webhook", area="members:webhook", group=PRACTICE),
    MenuItem(_("Team"), "portal:team", "users-group", area="portal:team", group=PRACTICE),
    MenuItem(_("Settings"), "portal:setup", "settings", area="portal:setup", group=PRACTICE),
)
DEMO_MENU = (MenuItem(_("Phonebook"), "demo:phonebook", "device-mobile", area="demo:", group=_("Demo")),)

SAID = {
    "offline": _("No connection. Nothing was lost."),
    "failed": _("That did not work. Nothing was lost."),
    "length": _("{n} characters, {texts}"),
    "oneText": _("1 text"),
    "texts": _("{n} texts"),
    "special": _(" (special characters)"),
    "back": _("What you had typed is back."),
    "newText": _("New text, {n} in the conversation"),
    "oneRow": _("1 row shown"),
    "rows": _("{n} rows shown"),
}


@dataclass(frozen=True)
class Shell:
    practice: str
    zone: str  # IANA; the zone of the first location, for dates that belong to the practice as a whole
    open_cases: int
    live_since: datetime | None
    alarms: list[Escalation]  # the oldest emergency that nobody acknowledged, its key only
    menu: list[dict[str, Any]]
    words: dict[str, str]  # what static/portal/portal.js says


def context(request: HttpRequest) -> dict[str, Any]:
    """`shell` for templates. Read from the database only where a page shows it, and once a request."""
    return {"shell": SimpleLazyObject(lambda: of(request))}


def of(request: HttpRequest) -> Shell:
    """The request's shell: one query, kept on the request."""
    kept: Shell | None = getattr(request, "_shell", None)
    if kept is None:
        practice = _practice(request)
        open_cases = practice.open_cases if practice else 0
        kept = Shell(
            practice=practice.name if practice else "Your practice",
            zone=(practice.zone if practice else "") or settings.TIME_ZONE,
            open_cases=open_cases,
            live_since=practice.live_since if practice else None,
            alarms=[Escalation(pk=practice.alarm)] if practice and practice.alarm else [],
            menu=_menu(request, open_cases),
            words={name: gettext(said) for name, said in SAID.items()},
        )
        request._shell = kept  # type: ignore[attr-defined]
    return kept


def _practice(request: HttpRequest) -> Any:
    here = request.user.places() if isinstance(request.user, StaffUser) else None
    cases = places.within(Escalation.objects.all(), here, "location", "patient__home_location")
    return (
        Practice.objects.order_by("pk")
        .annotate(
            open_cases=Subquery(_counted(cases.exclude(state=Escalation.State.RESOLVED))),
            alarm=Subquery(cases.alarming().values("pk")[:1]),
            zone=Subquery(Location.objects.order_by("pk").values("time_zone")[:1]),
        )
        .first()
    )


def _counted(cases: QuerySet[Escalation]) -> Any:
    """A COUNT that can stand in a subquery: no GROUP BY but on a constant, so that an empty queue counts 0 or NULL."""
    return cases.order_by().annotate(all=OuterRef("pk")).values("all").annotate(n=Count("pk")).values("n")


def _menu(request: HttpRequest, open_cases: int) -> list[dict[str, Any]]:
    """[{"title", "items"}], the groups in the order in which MENU first names them."""
    here = request.resolver_match.view_name if request.resolver_match else ""
    shown = [item for item in MENU + (DEMO_MENU if settings.DEMO else ()) if _may_open(item.url_name, request.user)]
    # Of two areas that fit, the longer name is the nearer one: "members:plans" before "members:".
    fits = [(len(area), item) for item in shown for area in _areas(item) if here.startswith(area)]
    nearest = max(fits, key=lambda fit: fit[0], default=(0, None))[1]
    groups: dict[str, list[dict[str, Any]]] = {}
    for item in shown:
        groups.setdefault(item.group, []).append(
            {
                "label": item.label,
                "icon": item.icon,
                "url": reverse(item.url_name),
                "count": open_cases if item.counts_cases else 0,
                "active": item is nearest,
            }
        )
    return [{"title": title, "items": items} for title, items in groups.items()]


def _areas(item: MenuItem) -> tuple[str, ...]:
    return item.area if isinstance(item.area, tuple) else (item.area,)


def _may_open(url_name: str, user: Any) -> bool:
    try:
        access = resolve(reverse(url_name)).func.access  # type: ignore[attr-defined]
    except NoReverseMatch:
        return False  # the demo's pages are mounted only where the demo is on
    if not isinstance(user, StaffUser):
        return not access.roles
    if access.place == EVERYWHERE and user.places(access.roles) is not None:
        return False
    return not access.roles or not user.role_names().isdisjoint(access.roles)
