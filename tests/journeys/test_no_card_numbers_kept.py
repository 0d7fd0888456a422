"""R122-R124: card numbers that come in by any door are in no table, in no queued task and in no log line afterwards."""

import base64
import json
import logging
from collections.abc import Callable

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from common import clock
from concierge import conversations
from concierge.models import StaffNote
from medspa import ticking
from members import api_keys, escalations
from members.models import ApiKey, Escalation, Membership
from members.stripe_standin import playing
from members.stripe_standin.cards import CARDS
from outreach import playbooks
from outreach.models import Message
from outreach.transports import phonebook
from outreach.transports import phonebook_voice as telephone
from tests import factories
from tests.conftest import run_queued_tasks
from tests.doubles.subscribed import subscribed_member

pytestmark = pytest.mark.django_db

# Test numbers of the card networks in the ways people give them, and what of each must be gone.
CORPUS = {
    "my card is 4242424242424242 exp 12/29 cvv 123": "4242424242424242",
    "4242 4242 4242 4242": "4242 4242",
    "4000-0000-0000-0341 cvc 999": "4000-0000-0000-0341",
    "use 5555.5555.5555.4444 please": "5555.5555",
    "amex 3782 822463 10005": "822463",
    "６０１１１１１１１１１１１１１７": "６０１１１１",
    "it's 30569309025904, thanks": "30569309025904",
    "4111, 1111, 1111, 1111 security code 987": "1111, 1111",
    "four two four two four two four two four two four two four two four two": "four two four two",
    "cuatro uno uno uno uno uno uno uno uno uno uno uno uno uno uno uno": "uno uno uno",
    "four one one one 1111 one one one one 1111": "one one one",
}
CODES = ("cvv 123", "cvc 999", "code 987", "12/29")
# The carrier's own memory and the stand-in's catalogue of test cards are the vendors' side, not ours.
_VENDORS = {"HandsetText", "HandsetCall", "HandsetMail", "StandinObject", "StandinReplay"}


def everything() -> str:
    """All rows of all our tables, and what waits in the queue."""
    ours = [model for model in apps.get_models() if model.__name__ not in _VENDORS and model is not OrmQ]
    rows = [list(row) for model in ours for row in model._default_manager.values_list()]
    tasks = [str(SignedPackage.loads(task.payload)) for task in OrmQ.objects.all()]
    return json.dumps(rows, default=str, ensure_ascii=False) + "".join(tasks)


# --- doors: each takes every form of the corpus from outside ----------------------------------------------------------


def by_text(client: Client, member: Membership, words: str) -> None:
    phonebook.type_text(member.patient.phone, words, factories.NOON)


def by_speech(client: Client, member: Membership, words: str) -> None:
    """What Twilio's <Gather> heard, and a card typed on the keypad."""
    call = telephone.dial_in(member.patient.phone, factories.NOON)
    telephone.answer(call)
    telephone.say(call, words=words)
    telephone.say(call, digits="4242424242424242")


def by_email(client: Client, member: Membership, words: str) -> None:
    letter = {
        "FromFull": {"Email": member.patient.email, "Name": ""},
        "Subject": words,
        "TextBody": f"Please charge this: {words}",
        "MessageID": str(Message.objects.count()),
    }
    login = base64.b64encode(b"mail:secret").decode()
    door = reverse("concierge:mail_inbound")
    answer = client.post(door, json.dumps(letter), "application/json", headers={"Authorization": f"Basic {login}"})
    assert answer.status_code == 204


def by_reply(client: Client, member: Membership, words: str) -> None:
    """Staff read the number back to the patient, and had begun to type it before."""
    phonebook.type_text(member.patient.phone, "Hello?", factories.NOON)
    conversation = conversations.heard(Message.objects.filter(direction="in").latest("pk"))
    client.post("/drafts/", {"place": "/conversations/1/#body", "text": f"Is it {words}?"})
    client.post(reverse("concierge:inbox_snippets"), {"title": words, "body": words})
    client.post(reverse("concierge:inbox_reply", args=[conversation.pk]), {"body": f"Is it {words}?"})


def by_case(client: Client, member: Membership, words: str) -> None:
    case = escalations.open(reason="question", summary=f"Says: {words}", patient=member.patient, now=factories.NOON)
    client.post(reverse("concierge:resolve", args=[case.pk]), {"outcome": f"Took {words}", "result": "other"})
    case.refresh_from_db()
    assert case.state == Escalation.State.RESOLVED


def by_note(client: Client, member: Membership, words: str) -> None:
    kept = StaffNote.objects.count()
    client.post(reverse("concierge:note", args=[member.patient_id]), {"note": words})
    assert StaffNote.objects.count() == kept + 1


def by_desk_forms(client: Client, member: Membership, words: str) -> None:
    """Why a credit is given, what somebody signed and said, what somebody is called."""
    whose, service = [member.patient_id], factories.make_service().pk
    bonus = {"do": "bonus", "token": "", "service": service, "quantity": 1, "reason": words}
    page = client.get(reverse("members:credits", args=whose)).content.decode()
    bonus["token"] = page.split('name="token" value="')[1].split('"')[0]
    client.post(reverse("members:credits_act", args=whose), bonus)
    number = f"sms:{member.patient.phone}"
    paper = {"to": number, "purpose": "servicing", "wording": words, "signed_on": "2026-06-01", "evidence": words}
    client.post(reverse("members:consent_record", args=whose), paper)
    said = {"to": number, "scope": "marketing", "source": "letter", "wording": words}
    client.post(reverse("members:consent_stop", args=whose), said)
    home = member.patient.home_location_id
    named = {
        "first_name": words if len(words) <= 60 else "Ana",
        "last_name": "Ortiz",
        "language": "en",
        "home_location": home,
    }
    client.post(reverse("members:contact_act", args=[*whose, "correct"]), named)


def by_api(client: Client, member: Membership, words: str) -> None:
    """Each field of each kind of row, kept or refused, with its answer kept for a repeat."""
    told = ("external_id", "first_name", "last_name", "phone", "email", "consent_wording", "location")
    fields = {
        "patients": (*told, words),  # a field of that name is refused, and told back
        "services": ("external_id", "name", "category"),
        "memberships": ("external_id", "patient", "plan", "stripe_customer_id"),
        "visits": ("external_id", "patient", "service"),
        "credits": ("external_id", "membership", "service", "reason"),
        "payments": ("external_id", "membership", "decline_code"),
    }
    _, token = api_keys.issue(
        name="Scheduler", scopes=ApiKey.Scope.values, actor="staff:1", now=clock.now(), requests_a_minute=600
    )
    for kind, names in fields.items():
        rows = [{**_GOOD[kind], name: words} for name in names]
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": kind}
        answer = client.put(f"/api/v1/{kind}", json.dumps({"rows": rows}), "application/json", headers=headers)
        assert answer.status_code == 200, answer.content
    answer = client.post(
        "/api/v1/concierge/understand",
        json.dumps({"text": words}),
        "application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code in (200, 503)


_GOOD: dict[str, dict[str, object]] = {
    "patients": {"external_id": "p1", "first_name": "Bea", "last_name": "Ruiz", "phone": "(512) 555-0177"},
    "services": {"external_id": "s1", "name": "Peel", "category": "Peels", "duration_minutes": 30, "price_cents": 100},
    "memberships": {
        "external_id": "m1", "patient": "p1", "plan": "Glow", "status": "active", "started_on": "2026-01-01",
    },
    "visits": {
        "external_id": "v1", "patient": "p1", "service": "s1", "status": "booked", "starts_at": "2026-06-20T16:00:00Z",
    },
    "credits": {"external_id": "c1", "membership": "m1", "service": "s1", "quantity": 1},
    "payments": {
        "external_id": "y1", "membership": "m1", "status": "failed", "amount_cents": 100,
        "charged_at": "2026-06-10T16:00:00Z",
    },
}  # fmt: skip


def by_file(client: Client, member: Membership, words: str) -> None:
    """In the file's name, in a heading, in a column that is not read, in cells of rows that are kept and refused."""
    rows = [
        ["id", "first name", "last name", "mobile", f"note {words}"],
        ["p1", "Bea", "Ruiz", "(512) 555-0177", words],
        ["p2", words, "Ruiz", "(512) 555-0178", ""],
        ["p3", "Bea", "Ruiz", words, ""],
        [words, "Bea", "Ruiz", "", ""],
        ["p4", "Bea", "Ruiz", "", "", words],
        ["p5", "Bea", "Ruiz", "", f"{words} {'x' * 25_000}"],
    ]
    content = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
    file = SimpleUploadedFile(f"{words}.csv".replace("/", "-"), content.encode())
    where = client.post(reverse("members:imports"), {"kind": "patients", "file": file}).headers["Location"]
    assert where.startswith("/imports/")
    run_queued_tasks(limit=2000)
    client.post(f"{where}confirm/")


DOORS: tuple[Callable[[Client, Membership, str], None], ...] = (
    by_text, by_speech, by_email, by_reply, by_case, by_note, by_desk_forms, by_api, by_file,
)  # fmt: skip


@pytest.fixture
def member(monkeypatch, settings) -> Membership:
    settings.MAIL_PROVIDER, settings.MAIL_WEBHOOK_SECRET = "postmark", "mail:secret"
    settings.UNDERSTAND_WAIT_SECONDS = 0
    monkeypatch.setattr(clock, "now", lambda: factories.NOON)
    playbooks.install()
    return subscribed_member()


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_no_card_that_comes_by_any_door_is_kept_anywhere(door, member, client, caplog):
    """R123, R124."""
    caplog.set_level(logging.DEBUG)
    client.force_login(factories.make_staff(role="owner"))
    before = everything()

    for words in CORPUS:
        door(client, member, words)
    waiting = everything()
    run_queued_tasks(limit=2000)
    ticking.tick(now=factories.NOON)
    run_queued_tasks(limit=2000)

    kept = waiting + everything() + caplog.text
    assert "[card ••••4242]" in kept, "the door keeps nothing: then this proves nothing"
    assert len(everything()) > len(before)
    found = {part: kept[max(0, kept.find(part) - 120) :][:200] for part in (*CORPUS.values(), *CODES) if part in kept}
    assert found == {}


def test_no_event_and_no_row_of_stripes_holds_a_card_number(drain, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: factories.NOON)
    member = subscribed_member()
    playing.give_card(member.stripe_customer_id, "lost_card", now=factories.NOON)
    playing.renew(str(member.stripe_subscription_id), now=factories.NOON)
    drain()

    kept = json.dumps(everything())

    assert all(card.number not in kept for card in CARDS.values())
    assert "whsec_" not in kept
    assert "sk_test_" not in kept
