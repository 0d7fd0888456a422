"""Glow Theory: its two locations, what it sells and who works there."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.contrib.auth.hashers import make_password

from medspa.demo.seeding import offer, registers
from medspa.demo.seeding.offer import Offer
from members.models import (
    BusinessHours,
    Location,
    Practice,
    Provider,
    Service,
    StaffRole,
    StaffUser,
)

# Of the demo only: production has no seeded logins, and settings without DEMO refuse the command that makes them.
DEMO_PASSWORD = "glow-theory-demo"  # noqa: S105
LINE = "+15125550100"

STAFF = (
    ("owner@example.com", "Olivia", "Hart", StaffRole.Role.OWNER, None),
    ("manager@example.com", "Marcus", "Lee", StaffRole.Role.MANAGER, None),
    ("desk.austin@example.com", "Dana", "Reyes", StaffRole.Role.FRONT_DESK, "austin"),
    ("desk.scottsdale@example.com", "Jordan", "Blake", StaffRole.Role.FRONT_DESK, "scottsdale"),
    ("clinician@example.com", "Riley", "Stone", StaffRole.Role.CLINICIAN, None),
)

# name, category, nicknames, minutes, cents, add-on
_SERVICES = (
    ("Signature Facial", "Facials", ("facial", "monthly facial", "signature"), 60, 18900, False),
    ("HydraGlow Facial", "Facials", ("hydra", "hydraglow", "hydrafacial"), 45, 22900, False),
    ("Dermaplaning", "Facials", ("derma", "derm", "dermaplane"), 45, 12900, False),
    ("Chemical Peel", "Peels", ("peel", "chem peel"), 45, 16900, False),
    ("Microneedling", "Skin", ("needling", "mn"), 75, 34900, False),
    ("LED Light Therapy", "Add-ons", ("led", "light therapy", "red light"), 30, 4900, True),
    ("Eye Renewal Treatment", "Add-ons", ("eye treatment", "eyes"), 30, 5900, True),
    ("Wrinkle Relaxer", "Injectables", ("tox", "relaxer", "neurotoxin"), 30, 32000, False),
    ("Lip Filler", "Injectables", ("lips", "filler"), 60, 69500, False),
    ("Laser Hair Removal", "Laser", ("laser", "lhr"), 45, 19900, False),
    ("IPL Photofacial", "Laser", ("ipl", "photofacial"), 45, 29900, False),
    ("Body Contouring", "Body", ("contouring", "sculpt"), 60, 39900, False),
)

_SKIN = ("Signature Facial", "HydraGlow Facial", "Dermaplaning", "Chemical Peel", "LED Light Therapy")
_MEDICAL = (
    "Microneedling",
    "Wrinkle Relaxer",
    "Lip Filler",
    "Laser Hair Removal",
    "IPL Photofacial",
    "Body Contouring",
)
_PROVIDERS = {
    "austin": (
        ("Hannah Cole, LE", (*_SKIN, "Eye Renewal Treatment")),
        ("Tess Moreno, LE", (*_SKIN, "Eye Renewal Treatment")),
        ("Riley Stone, NP", _MEDICAL),
    ),
    "scottsdale": (
        ("Bree Sandoval, LE", (*_SKIN, "Eye Renewal Treatment")),
        ("Kai Ellison, LE", (*_SKIN, "Eye Renewal Treatment")),
        ("Morgan Pace, RN", _MEDICAL),
    ),
}


@dataclass(frozen=True)
class House:
    """The practice's rows, by the names that the rest of the seed uses."""

    practice: Practice
    locations: dict[str, Location]
    services: dict[str, Service]
    offer: Offer
    providers: dict[str, list[tuple[Provider, frozenset[str]]]]
    staff: dict[str, StaffUser]


def build(now: datetime) -> House:
    practice = Practice.objects.create(
        name="Glow Theory",
        legal_name="Glow Theory Aesthetics LLC",
        phone=LINE,
        email="hello@example.com",
        live_since=now - timedelta(days=365),
    )
    locations = _locations()
    services = {
        name: Service.objects.create(
            external_id=f"svc-{number:02d}",
            name=name,
            category=category,
            nicknames=list(nicknames),
            duration_minutes=minutes,
            price_cents=cents,
            add_on=add_on,
        )
        for number, (name, category, nicknames, minutes, cents, add_on) in enumerate(_SERVICES, start=1)
    }
    staff = _staff(locations)
    registers.fill(owner=staff["owner@example.com"], now=now)
    return House(practice, locations, services, offer.build(services, now), _providers(locations, services), staff)


def _locations() -> dict[str, Location]:
    austin = Location.objects.create(
        name="Austin – South Lamar",
        external_id="austin",
        time_zone="America/Chicago",
        street="1200 South Lamar Blvd",
        city="Austin",
        state="TX",
        zip_code="78704",
        phone=LINE,
    )
    scottsdale = Location.objects.create(
        name="Scottsdale – Old Town",
        external_id="scottsdale",
        time_zone="America/Phoenix",  # no daylight saving: its distance to Austin changes twice a year
        street="7014 East Camelback Rd",
        city="Scottsdale",
        state="AZ",
        zip_code="85251",
        phone="+14805550100",
    )
    hours = [(austin, day, time(9), time(17) if day == 5 else time(19)) for day in range(6)]
    hours += [(scottsdale, day, time(9), time(16) if day == 5 else time(18)) for day in range(6)]
    BusinessHours.objects.bulk_create(
        BusinessHours(location=location, weekday=day, opens=opens, closes=closes)
        for location, day, opens, closes in hours
    )
    return {"austin": austin, "scottsdale": scottsdale}


def _providers(
    locations: dict[str, Location], services: dict[str, Service]
) -> dict[str, list[tuple[Provider, frozenset[str]]]]:
    made: dict[str, list[tuple[Provider, frozenset[str]]]] = {}
    for place, people in _PROVIDERS.items():
        made[place] = []
        for name, offered in people:
            provider = Provider.objects.create(name=name, location=locations[place])
            provider.services.set([services[service] for service in offered])
            made[place].append((provider, frozenset(offered)))
    return made


def _staff(locations: dict[str, Location]) -> dict[str, StaffUser]:
    password = make_password(DEMO_PASSWORD)
    users = {}
    for email, first, last, role, place in STAFF:
        users[email] = StaffUser.objects.create(email=email, password=password, first_name=first, last_name=last)
        StaffRole.objects.create(user=users[email], role=role, location=locations[place] if place else None)
    return users
