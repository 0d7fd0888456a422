"""Staff of one location meet nothing of another: every staff address x role x things of both (R114)."""

import re
from datetime import timedelta

import pytest
from django.urls import NoReverseMatch, reverse

from common.access import EVERYWHERE, SHARED
from concierge import conversations
from members import credits, escalations
from members.models import CreditEntry, Dispute, ImportJob, Location, Patient, StaffRole, StaffUser, Visit
from outreach import cadence, outbox, playbooks
from outreach.models import Sequence
from tests import factories
from tests.concierge.conftest import receive
from tests.factories import NOON
from tests.medspa.test_access import STAFF

pytestmark = pytest.mark.django_db

ROLES = ("manager", "front_desk", "clinician", "owner")
# Whose page is named by more than a number: what stands in its address beside `pk`.
MORE = {"act": "note", "slug": "utilization", "place": 0, "number": 1}


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr("common.clock.now", lambda: NOON)


@pytest.fixture
def austin() -> Location:
    return factories.make_location()


@pytest.fixture
def dallas() -> Location:
    return factories.make_location(external_id="dallas", name="Dallas", phone="+12145550100")


def bound(role: str, *locations: Location) -> StaffUser:
    """A colleague who has the role at these locations only."""
    user = StaffUser.objects.create_user(f"{role}@glowtheory.example", "correct-horse-9", first_name="Bo")
    for location in locations:
        StaffRole.objects.create(user=user, role=role, location=location)
    return user


class Story:
    """A member of a location of whom every list has something: a case, texts, a payment, visits, a line of a plan."""

    def __init__(self, first: str, location: Location) -> None:
        self.patient = factories.make_patient(first, "Quillon", home_location=location)
        self.membership = factories.make_membership(
            self.patient, status="past_due", credits_remaining=2, past_due_since=NOON - timedelta(days=2)
        )
        self.invoice = factories.make_invoice(
            self.membership, status="open", paid_at=None, amount_remaining_cents=19900,
            first_failed_at=NOON - timedelta(days=2),
        )  # fmt: skip
        self.visit = factories.make_visit(self.patient, NOON + timedelta(hours=2))
        factories.make_visit(self.patient, NOON - timedelta(days=3), status=Visit.Status.COMPLETED)
        self.text = receive(self.patient.phone, f"Hello from {first}", now=NOON - timedelta(minutes=9))
        self.conversation = conversations.heard(self.text)
        self.case = escalations.open(
            reason="emergency", summary=f"{first} asks.", patient=self.patient, phone=self.patient.phone, now=NOON
        )
        outbox.post(kind="servicing", body="Hi", dedupe_key=first, patient=self.patient, now=NOON)
        credits.grant(
            membership=self.membership, service=factories.make_service(), quantity=1, key=f"invoice:{first}",
            expires_at=None, actor="stripe", reason="Paid period", now=NOON - timedelta(days=1),
        )  # fmt: skip
        Dispute.objects.create(
            stripe_id=f"dp_{first}", membership=self.membership, amount_cents=100, opened_at=NOON, status="lost"
        )

    def key(self, name: str) -> int | None:
        """The number that an address takes; None for the practice's own things."""
        if name.startswith(("concierge:inbox_snippet", "portal:", "members:api", "members:webhook")):
            return None
        if name.startswith("concierge:inbox"):
            return self.conversation.pk
        if name == "concierge:note":
            return self.patient.pk
        if name.startswith("concierge:"):
            return self.case.pk
        if name.startswith("outreach:payment"):
            return self.invoice.pk
        if name == "outreach:message":
            return self.text.pk
        if name == "members:credits_take_back":
            return CreditEntry.objects.filter(membership=self.membership).values_list("pk", flat=True)[0]
        if name in ("members:visit_act", "members:settle_visit"):
            return self.visit.pk
        return self.patient.pk


@pytest.fixture
def stories(austin, dallas) -> tuple[Story, Story]:
    """One member here, one there; ids that differ, so that an address of the one is not one of the other."""
    here, there = Story("Hanna", austin), Story("Zelda", dallas)
    playbooks.install()
    Sequence.objects.update(holdout_percent=0)
    cadence.plan("monday", on=NOON.date(), now=NOON)
    ImportJob.objects.create(
        kind="patients", file_name="zelda.csv", columns=[], headers=[], created_at=NOON, actor="staff:1"
    )
    return here, there


def address(name: str, pk: int | None = None) -> str:
    for args in (
        {},
        {"pk": pk},
        {"pk": pk, "act": MORE["act"]},
        {"kept": pk, "gone": pk},
        {"slug": MORE["slug"]},
        {"name": "utilization"},
    ):
        try:
            return reverse(name, kwargs=args)
        except NoReverseMatch:
            continue
    return reverse(name, args=[MORE["slug"], MORE["number"]])


def takes_a_number(name: str) -> bool:
    try:
        reverse(name)
    except NoReverseMatch:
        return True
    return False


def test_every_address_of_one_thing_says_to_which_locations_it_belongs():
    unsaid = [name for name, view in STAFF if takes_a_number(name) and not view.access.place]

    assert unsaid == [], "staff(place=…): a function of members/places.py, SHARED or EVERYWHERE"


ABOUT_ONE = [(name, view) for name, view in STAFF if callable(view.access.place) and name != "outreach:plan"]
LISTS = [(name, view) for name, view in STAFF if not takes_a_number(name) or view.access.place in (SHARED, EVERYWHERE)]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_thing_of_another_location_does_not_exist(client, austin, stories, role, method):
    here, there = stories
    client.force_login(bound(role, austin))
    wrong = []

    for name, view in ABOUT_ONE:
        allowed = not view.access.roles or role in view.access.roles
        answer = getattr(client, method)(address(name, there.key(name)))
        if answer.status_code != (404 if allowed else 403):
            wrong.append(f"{name}: {answer.status_code}")
        if method == "get":
            own = client.get(address(name, here.key(name))).status_code
            if own not in ({200, 302, 405} if allowed else {403}):
                wrong.append(f"{name} of the own location: {own}")

    assert len(ABOUT_ONE) > 30
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_no_page_names_somebody_of_another_location(client, austin, stories, role):
    _, there = stories
    client.force_login(bound(role, austin))
    wrong, named_here = [], 0
    digits = there.patient.phone[-7:]
    secrets = re.compile(f"Zelda|{digits}|{digits[:3]}-{digits[3:]}")

    for name, view in LISTS:
        answer = client.get(address(name, 1))
        allowed = (not view.access.roles or role in view.access.roles) and view.access.place != EVERYWHERE
        body = answer.content.decode() if answer.status_code == 200 else ""
        named_here += "Hanna" in body
        if answer.status_code not in ({200, 204, 302, 404, 405} if allowed else {403}):
            wrong.append(f"{name}: {answer.status_code}")
        if secrets.search(body):
            wrong.append(f"{name} names her")

    assert wrong == []
    assert named_here >= 6, "the lists were empty, so nothing is shown by what they do not name"


def test_whoever_works_everywhere_meets_both(client, stories):
    client.force_login(factories.make_staff(role="owner"))

    named = [name for name, _ in LISTS if "Zelda" in client.get(address(name, 1)).content.decode()]

    assert {"members:list", "concierge:inbox", "concierge:queue", "outreach:payments", "portal:today"} <= set(named)


def test_a_search_finds_nobody_of_another_location(client, austin, stories):
    client.force_login(bound("front_desk", austin))

    found = [client.get(path, {"q": "Zelda"}) for path in ("/members/", "/conversations/")]

    assert [b"Quillon" in answer.content for answer in found] == [False, False]


def test_a_role_at_one_location_is_no_role_at_another(client, austin, dallas, stories):
    _, there = stories
    both = bound("front_desk", dallas)
    StaffRole.objects.create(user=both, role="manager", location=austin)
    client.force_login(both)

    assert client.get(reverse("members:detail", args=[there.patient.pk])).status_code == 200
    assert client.get(reverse("members:audit_json", args=[there.patient.pk])).status_code == 404
    assert b"Zelda" not in client.get(reverse("members:list_csv")).content


def test_a_visit_brings_a_patient_of_another_location_here(client, austin, stories):
    _, there = stories
    client.force_login(bound("front_desk", austin))
    page = reverse("members:detail", args=[there.patient.pk])
    before = client.get(page).status_code

    factories.make_visit(there.patient, NOON + timedelta(days=2), location=austin)

    assert (before, client.get(page).status_code) == (404, 200)


def test_a_number_that_nobody_has_is_anybodys(client, austin):
    stranger = conversations.heard(receive("+15125550777", "Who is this?", now=NOON))
    client.force_login(bound("front_desk", austin))

    assert client.get(reverse("concierge:inbox_thread", args=[stranger.pk])).status_code == 200
    assert not Patient.objects.exists()
