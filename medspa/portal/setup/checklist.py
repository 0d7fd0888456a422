"""What a practice must have before machines speak for it. Each line is asked anew; none can be ticked by hand
but those that only a person can answer for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Exists, Subquery
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from common.access import needs_second_factor
from medspa.models import Heartbeat
from medspa.portal.setup import connections
from members.models import (
    BusinessAssociate,
    Confirmation,
    Location,
    OnCallContact,
    PlanVersion,
    Practice,
    StaffRole,
    StaffUser,
)
from outreach import legal_tables

Vendor, Kind = BusinessAssociate.Vendor, Confirmation.Kind
_PAPERS = (Vendor.HOSTING, Vendor.BACKUPS, Vendor.TEXTING, Vendor.EMAIL)


@dataclass(frozen=True)
class Requirement:
    """`url_name`: the page that mends it. `confirms`: only a person can answer for it, with a button."""

    name: str
    met: bool
    words: str
    url_name: str
    confirms: str = ""


def requirements(*, now: datetime) -> list[Requirement]:
    """In the order in which one would see to them."""
    practice, locations = current(), list(Location.objects.prefetch_related("business_hours"))
    return [
        *_practice(practice, locations),
        *_people(practice),
        *_connected(practice, now),
        *_papers(now),
        *_answered_for(locations),
    ]


def current() -> Any:
    """The practice's row, with what else one question can tell; None before there is one."""
    sold = PlanVersion.objects.exclude(stripe_price_id="")
    beat = Heartbeat.objects.filter(name="tick").values("beat_at")[:1]
    found = Practice.objects.annotate(
        sells=Exists(sold), pages=Exists(OnCallContact.objects.all()), beat_at=Subquery(beat)
    )
    return found.order_by("pk").first()


def missing(*, now: datetime) -> list[str]:
    return [one.name for one in requirements(now=now) if not one.met]


def _practice(practice: Any, locations: list[Location]) -> list[Requirement]:
    sells = practice is not None and practice.sells
    named = practice is not None and all((practice.name, practice.phone, practice.email))
    closed = [place.name for place in locations if not place.business_hours.all()]
    return [
        Requirement(_("The practice has a name, a phone and an e-mail"), named, "", "portal:setup_practice"),
        Requirement(
            _("Each location has opening hours"),
            bool(locations) and not closed,
            f"Without hours: {', '.join(closed)}." if closed else "" if locations else _("There is no location yet."),
            "portal:setup_locations",
        ),
        Requirement(_("A plan is on sale, with its price at Stripe"), sells, "", "members:plans"),
    ]


def _people(practice: Any) -> list[Requirement]:
    people = list(StaffUser.objects.filter(is_active=True).prefetch_related("roles"))
    protected = set(StaffUser.objects.with_second_factor().values_list("pk", flat=True))
    unprotected = [user.email for user in people if needs_second_factor(user.role_names()) and user.pk not in protected]
    return [
        Requirement(
            _("Somebody is the owner"),
            any(StaffRole.Role.OWNER in user.role_names() for user in people),
            "",
            "portal:team",
        ),
        Requirement(
            _("Everybody who must has a second factor"),
            not unprotected,
            f"Not yet: {', '.join(unprotected)}." if unprotected else "",
            "portal:team",
        ),
        Requirement(
            _("Somebody is paged about an emergency, day and night"),
            practice is not None and practice.pages,
            "",
            "portal:setup_on_call",
        ),
    ]


def _connected(practice: Any, now: datetime) -> list[Requirement]:
    found = [
        Requirement(
            gettext("%(name)s is connected") % {"name": gettext(one.name)},
            one.is_set,
            f"Set {', '.join(one.missing)}." if one.missing else "The demo's own part stands in." * one.stands_in,
            "portal:setup_connections",
        )
        for one in connections.all_of_them()
    ]
    beat_at = practice.beat_at if practice else None
    is_alive = beat_at is not None and (now - beat_at).total_seconds() <= settings.TICK_STALE_SECONDS
    return [*found, Requirement(_("The recurring work runs"), is_alive, "", "portal:setup_connections")]


def _papers(now: datetime) -> list[Requirement]:
    today = now.date()
    covered = BusinessAssociate.covered(on=today)
    lacking = [vendor.label for vendor in _PAPERS if vendor not in covered]
    old = legal_tables.overdue(today)
    return [
        Requirement(
            _("Each vendor that handles patients' data has signed an agreement"),
            not lacking,
            f"Missing: {', '.join(lacking)}." if lacking else "",
            "portal:setup_agreements",
        ),
        Requirement(_("The legal tables were reviewed lately"), not old, " ".join(old[:2]), "portal:setup_legal"),
    ]


def _answered_for(locations: list[Location]) -> list[Requirement]:
    given = set(Confirmation.objects.values_list("kind", flat=True))
    asked = [Kind.CARRIER, Kind.OPT_OUT, Kind.COUNSEL]
    if any(place.state == "TX" for place in locations):
        asked.append(Kind.AI_NOTICE)  # R156
    return [Requirement(kind.label, kind in given, "", "portal:setup_go_live", confirms=kind) for kind in asked]
