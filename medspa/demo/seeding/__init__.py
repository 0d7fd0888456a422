"""A believable practice with a year of history: the same people each time, with dates relative to now."""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from django.db import transaction

from medspa.demo.seeding import cases, cast, chasing, chats, ledger, money, people, practice, standin, talk, timelines
from medspa.demo.seeding.diary import Diary
from medspa.demo.seeding.lives import SEED, Life, Persona
from medspa.demo.seeding.practice import House
from members import metric_snapshots
from members.models import Membership, Practice
from outreach import playbooks

FEWEST = 20
_TODAYS = 5  # about one member in so many comes today, until the diary is full enough


@dataclass(frozen=True)
class Seeded:
    members: int
    visits: int
    messages: int


def is_seeded() -> bool:
    return Practice.objects.exists()


@transaction.atomic
def seed(*, members: int, now: datetime) -> Seeded | None:
    """Invent the practice; None, and nothing touched, where one exists. At least FEWEST members are made."""
    if is_seeded():
        return None
    playbooks.install()
    house = practice.build(now)
    lives = _lives(cast.personas(max(members, FEWEST)), house, now)
    people.save(lives, now)
    money.save(lives, now)
    ledger.save(lives, now)
    standin.save(house, lives, now)
    said = talk.start()
    for life in lives:
        chasing.about_payments(life, said, now)
        chats.small_talk(life, house, said, now)
    messages = said.save()
    cases.save(house, lives, now)
    _count_the_year(now)
    return Seeded(len(lives), sum(len(life.visits) for life in lives), messages)


def _count_the_year(now: datetime) -> None:
    """As the hourly job would have: each round counts a few older months."""
    for _ in range(metric_snapshots.MONTHS_KEPT // (metric_snapshots.AT_ONCE - 2)):
        metric_snapshots.refresh(now=now)


def _lives(personas: list[Persona], house: House, now: datetime) -> list[Life]:
    diary = Diary(house)
    lives = []
    for index, persona in enumerate(personas, start=1):
        life = _live(index, persona, house, now)
        comes_today = (
            persona.standing == Membership.Status.ACTIVE and index > len(cast.STORIES) and index % _TODAYS == 0
        )
        timelines.fill(life, house, diary, now, today=comes_today and index < 100)
        lives.append(life)
    return lives


def _live(index: int, persona: Persona, house: House, now: datetime) -> Life:
    rng = Random(f"{SEED}:{index}")  # noqa: S311  (invented people, not secrets)
    started, ended = timelines.start_and_end(persona, rng, now)
    location = house.locations[persona.place]
    life = Life(index, persona, rng, location, house.offer.sold_at(persona.plan, started), started, ended)
    life.patient = people.patient_for(life, now)
    return life
