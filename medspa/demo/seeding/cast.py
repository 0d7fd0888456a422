"""Who is in the demo: a few people written by hand, the rest drawn by chance (the same ones each time)."""

from random import Random

from medspa.demo.seeding import names
from medspa.demo.seeding.lives import SEED, Persona
from members.models import Membership, Patient

Status = Membership.Status
ES = Patient.Language.SPANISH

# Fine today, and free to be played with: the phonebook's "what to try" names them.
MAYA, PRIYA, SOFIA, GRACE, NORA, CLAIRE = (
    "+15125550111",
    "+14805550112",
    "+15125550113",
    "+14805550114",
    "+15125550115",
    "+15125550116",
)
STORIES = (
    Persona("Maya", "Bennett", "austin", "Radiance", months=9, number=MAYA, booked=False, keeps_credit=True),
    Persona(
        "Priya", "Nair", "scottsdale", "Luxe", habit="drifting", months=7, number=PRIYA, booked=False, keeps_credit=True
    ),
    Persona("Sofia", "Reyes", "austin", "Glow", language=ES, months=5, number=SOFIA),
    Persona("Grace", "Kim", "scottsdale", "Radiance", months=10, number=GRACE, failed_before=True, failed_lately=True),
    Persona(
        "Nora", "Walsh", "austin", "Glow", habit="drifting", consent="servicing", months=6, number=NORA, booked=False
    ),
    Persona("Claire", "Donovan", "austin", "Luxe", months=11, number=CLAIRE, booked=True),
)

# What a real list of members also holds, and what goes wrong where nobody thought of it.
_SHARED = "+15125550121"
_ODD = (
    Persona(
        "Ben", "Foster", "austin", "Glow", habit="occasional", months=6, number=_SHARED, shares_number=True, age=41
    ),
    Persona("Laura", "Foster", "austin", "Radiance", months=6, number=_SHARED, shares_number=True, age=39),
    Persona("Emma", "Whitfield", "austin", "Glow", consent="none", months=3, age=16, number="+15125550122"),
    Persona("Tessa", "Moore", "austin", "Radiance", consent="opted_out", months=8, number="+15125550123"),
    Persona("Lucia", "Herrera", "scottsdale", "Radiance", language=ES, months=4, number="+14805550124"),
    Persona("Hana", "Sato", "austin", "Luxe", months=7, number="+15125550125", time_zone="America/New_York"),
    Persona("Ines", "Rocha", "scottsdale", "Glow", habit="never", months=4, number="+14805550126"),
    Persona("Renee", "Clark", "austin", "Glow", Status.PAST_DUE, months=5, number="+15125550127", unpaid_days=0.9),
    Persona(
        "Joy", "Okoro", "scottsdale", "Radiance", Status.PAST_DUE, months=6, number="+14805550128", unpaid_days=3.2
    ),
    Persona("Wanda", "Fry", "austin", "Luxe", Status.PAST_DUE, months=8, number="+15125550129", unpaid_days=5.6),
    Persona(
        "Dora", "Klein", "austin", "Radiance", months=5, number="+15125550130", unpaid_days=2.4, recovered_hours_ago=5
    ),
    Persona("Ada", "Lindgren", "austin", "Glow", consent="no_phone", months=6),
)

_SHARES = (
    (Status.PAST_DUE, 0.03),
    (Status.PAUSED, 0.03),
    (Status.CANCELLING, 0.02),
    (Status.CANCELLED, 0.05),
    (Status.LAPSED, 0.03),
)
_PLANS = (("Glow", 50), ("Radiance", 33), ("Luxe", 17))
_HABITS = (("regular", 45), ("occasional", 27), ("drifting", 23), ("never", 5))
_CONSENTS = (("both", 82), ("servicing", 9), ("none", 5), ("opted_out", 4))


def personas(members: int) -> list[Persona]:
    """Exactly that many, the written ones first."""
    written = [*STORIES, *_ODD][:members]
    rng = Random(f"{SEED}:cast")  # noqa: S311  (invented people, not secrets)
    drawn = members - len(written)
    standings = [status for status, share in _SHARES for _ in range(round(share * drawn))]
    standings += [Status.ACTIVE] * (drawn - len(standings))
    rng.shuffle(standings)
    return written + [_draw(number, standing, rng) for number, standing in enumerate(standings)]


def _draw(number: int, standing: str, rng: Random) -> Persona:
    first, last = names.full_name(number)
    place = "austin" if rng.random() < 0.58 else "scottsdale"
    area = "512" if place == "austin" else "480"
    return Persona(
        first,
        last,
        place,
        _weighted(_PLANS, rng),
        standing,
        habit=_weighted(_HABITS, rng),
        language=ES if rng.random() < 0.08 else Patient.Language.ENGLISH,
        consent=_weighted(_CONSENTS, rng),
        months=rng.randint(1 if standing == Status.ACTIVE else 3, 12),
        number=f"+1{area}555{1000 + number:04d}",
        age=rng.randint(22, 67),
        failed_before=rng.random() < 0.12,
        unpaid_days=rng.uniform(0.3, 4.6),
    )


def _weighted(choices: tuple[tuple[str, int], ...], rng: Random) -> str:
    return rng.choices([name for name, _ in choices], [weight for _, weight in choices])[0]
