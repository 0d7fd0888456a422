"""News for other systems: written with the act, signed, tried again, and stopped when nobody takes it."""

import base64
import hashlib
import hmac
import json
import socket
from datetime import timedelta

import pytest
from django.urls import reverse

from common.errors import Refused
from members import audit, escalations, webhook_endpoints, webhook_posting
from members.models import Escalation, WebhookDelivery, WebhookEndpoint, WebhookEvent
from members.webhook_posting import Answer
from tests import factories
from tests.factories import NOON

URL = "https://hooks.scheduler.example/in?from=us"


class Receiver:
    """The other side: keeps what came, answers what it is told to."""

    def __init__(self) -> None:
        self.came: list[tuple[str, bytes, dict[str, str]]] = []
        self.status = 200

    def __call__(self, url, *, body, headers) -> Answer:
        self.came.append((url, body, headers))
        return Answer(self.status, "" if self.status < 300 else f"Answered {self.status}.")


@pytest.fixture
def names(monkeypatch):
    """What the name server answers; nothing is looked up for real."""
    found = {"hooks.scheduler.example": ["93.184.216.34"]}

    def look_up(host, port, **kwargs):
        if host not in found:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return found


@pytest.fixture
def endpoint(db, names) -> WebhookEndpoint:
    return webhook_endpoints.add(url=URL, events=WebhookEndpoint.Event.values, actor="staff:1", now=NOON)


def open_case(now=NOON):
    patient = factories.make_patient(external_id="p1")
    return escalations.open(reason="human", summary="My rash is back.", patient=patient, now=now)


def tell(receiver, now=NOON) -> int:
    webhook_endpoints.hand_out(now=now)
    return webhook_endpoints.deliver_due(now=now, post=receiver)


# --- what is told -----------------------------------------------------------------------------------------------------


def test_an_opened_case_is_told_without_what_the_patient_wrote(endpoint):
    """R119: ids and states, nothing else."""
    case, receiver = open_case(), Receiver()

    tell(receiver)

    [(url, body, _)] = receiver.came
    told = json.loads(body)
    assert url == URL
    assert told["type"] == "escalation.opened"
    assert (told["data"]["patient"], told["data"]["escalation"]) == ("p1", case.pk)
    assert b"rash" not in body


@pytest.mark.parametrize(
    ("action", "event"),
    [
        ("membership.past_due", "membership.changed"),
        ("membership.plan_changed", "membership.changed"),
        ("visit.requested", "booking.requested"),
        ("escalation.opened", "escalation.opened"),
        ("escalation.resolved", None),
        ("patient.viewed", None),
    ],
)
@pytest.mark.django_db
def test_an_act_in_the_audit_trail_is_news_where_somebody_may_want_it(action, event):
    audit.record(action, actor="stripe", patient=None, now=NOON)

    assert list(WebhookEvent.objects.values_list("type", flat=True)) == ([event] if event else [])


def test_an_endpoint_hears_only_what_it_asked_for(endpoint):
    WebhookEndpoint.objects.update(events=["membership.changed"])
    open_case()
    receiver = Receiver()

    tell(receiver)

    assert receiver.came == []


def test_the_signature_is_the_one_of_the_standard_webhooks_specification(endpoint):
    open_case()
    receiver = Receiver()
    tell(receiver)
    [(_, body, headers)] = receiver.came

    key = base64.b64decode(webhook_endpoints.secrets(endpoint, now=NOON)[0].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()

    assert headers["webhook-signature"] == f"v1,{expected}"
    assert int(headers["webhook-timestamp"]) == int(NOON.timestamp())


def test_after_a_rotation_both_secrets_sign_for_a_day(endpoint):
    former = webhook_endpoints.secrets(endpoint, now=NOON)[0]

    webhook_endpoints.rotate(endpoint=endpoint, actor="staff:1", now=NOON)

    soon = webhook_endpoints.secrets(endpoint, now=NOON + timedelta(hours=23))
    later = webhook_endpoints.secrets(endpoint, now=NOON + timedelta(hours=25))
    assert soon[1] == former
    assert len(set(soon)) == 2
    assert later == soon[:1]


# --- once, and again --------------------------------------------------------------------------------------------------


def test_what_was_taken_is_not_sent_again(endpoint):
    open_case()
    receiver = Receiver()

    tell(receiver)
    tell(receiver, NOON + timedelta(days=1))

    assert len(receiver.came) == 1
    assert WebhookDelivery.objects.get().state == "delivered"


def test_a_failed_try_is_repeated_with_the_same_id_after_growing_pauses(endpoint):
    open_case()
    receiver = Receiver()
    receiver.status = 503
    tries = []

    for minute in range(60):
        before = len(receiver.came)
        tell(receiver, NOON + timedelta(minutes=minute))
        tries += [minute] if len(receiver.came) > before else []

    assert tries == [0, 1, 6, 36]
    assert len({headers["webhook-id"] for _, _, headers in receiver.came}) == 1
    assert WebhookDelivery.objects.get().error == "Answered 503."


def test_a_delivery_is_given_up_in_the_end(endpoint):
    open_case()
    receiver = Receiver()
    receiver.status = 500

    for hour in range(40):
        for minute in (0, 1, 2, 31):
            tell(receiver, NOON + timedelta(hours=hour, minutes=minute))

    assert WebhookDelivery.objects.get().state == "given_up"
    assert len(receiver.came) == len(webhook_endpoints.PAUSES) + 1


def test_a_worker_that_is_killed_in_the_call_leaves_a_try_that_is_due_again(endpoint):
    open_case()
    receiver = Receiver()

    def killed(url, **kwargs):
        raise KeyboardInterrupt

    webhook_endpoints.hand_out(now=NOON)
    with pytest.raises(KeyboardInterrupt):
        webhook_endpoints.deliver_due(now=NOON, post=killed)

    assert tell(receiver, NOON + timedelta(seconds=30)) == 0
    assert tell(receiver, NOON + webhook_endpoints.LEASE) == 1
    assert WebhookDelivery.objects.get().attempts == 2


def test_an_endpoint_that_fails_on_and_on_is_switched_off_and_a_person_told(endpoint):
    WebhookEndpoint.objects.update(failures_in_a_row=webhook_endpoints.MOST_FAILURES - 1)
    open_case()
    receiver = Receiver()
    receiver.status = 410

    tell(receiver)

    endpoint.refresh_from_db()
    assert endpoint.disabled_at == NOON
    assert WebhookDelivery.objects.get().state == "given_up"
    assert "switched off" in Escalation.objects.get(reason="integration").summary


def test_a_good_answer_forgives_the_failures_before_it(endpoint):
    WebhookEndpoint.objects.update(failures_in_a_row=10)
    open_case()

    tell(Receiver())

    endpoint.refresh_from_db()
    assert endpoint.failures_in_a_row == 0


def test_old_news_is_forgotten(endpoint):
    open_case()
    tell(Receiver())

    webhook_endpoints.forget_old(now=NOON + timedelta(days=31))

    assert not WebhookDelivery.objects.exists()


# --- where we may post ------------------------------------------------------------------------------------------------


@pytest.fixture
def production(settings):
    settings.DEMO = False


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.scheduler.example/", "must begin with https"),
        ("ftp://hooks.scheduler.example/", "must begin with https"),
        ("https://user:pass@hooks.scheduler.example/", "without a name and password"),
        ("https://nowhere.example/", "cannot be found"),
        ("https://inside.example/", "private network"),
        ("https://half-inside.example/", "private network"),
        ("https://mapped.example/", "private network"),
        ("https://metadata.example/", "private network"),
        ("https://six.example/", "private network"),
        ("https://hooks.scheduler.example:99999/", "no web address"),
        ("https:///path", "without a name"),
    ],
)
def test_an_address_inside_or_without_encryption_is_refused(production, names, url, words):
    names |= {
        "inside.example": ["10.0.0.5"],
        "half-inside.example": ["93.184.216.34", "127.0.0.1"],
        "mapped.example": ["::ffff:127.0.0.1"],
        "metadata.example": ["169.254.169.254"],
        "six.example": ["fd00::1"],
    }

    with pytest.raises(Refused, match=words):
        webhook_posting.check(url)


def test_a_name_that_points_inside_later_is_not_posted_to(production, names):
    names["hooks.scheduler.example"] = ["192.168.1.1"]

    answer = webhook_posting.post(URL, body=b"{}", headers={})

    assert answer == Answer(0, "hooks.scheduler.example is inside a private network. Use a public address.")


def test_the_connection_goes_to_the_address_that_was_checked(names, monkeypatch):
    """Not to what the name server would say a second time."""
    ours, theirs = socket.socketpair()
    asked = []

    def connect(address, timeout):
        asked.append(address)
        return ours

    monkeypatch.setattr(socket, "create_connection", connect)
    theirs.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n")

    answer = webhook_posting.post("http://hooks.scheduler.example/in?a=1", body=b"{}", headers={"X-A": "1"})

    request = theirs.recv(4096)
    theirs.close()
    assert asked == [("93.184.216.34", 80)]
    assert request.startswith(b"POST /in?a=1 HTTP/1.1\r\nHost: hooks.scheduler.example\r\n")
    assert answer == Answer(302, "Answered 302.")


def test_an_endpoint_that_does_not_answer_is_a_failed_try(names, monkeypatch):
    def refuse(address, timeout):
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)

    answer = webhook_posting.post("https://hooks.scheduler.example/", body=b"{}", headers={})

    assert answer == Answer(0, "No answer: ConnectionRefusedError.")


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def owner(client, db, names):
    factories.make_location()
    client.force_login(factories.make_staff(role="owner"))
    return client


def test_an_owner_adds_an_endpoint_and_sees_its_secret(owner):
    page = reverse("members:webhook_endpoints")

    owner.post(page, {"url": URL, "events": ["membership.changed"]})

    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.events == ["membership.changed"]
    assert "whsec_" in owner.get(page).content.decode()


def test_an_address_that_cannot_be_found_is_told_beside_the_form(owner):
    response = owner.post(
        reverse("members:webhook_endpoints"), {"url": "https://nowhere.example/", "events": ["membership.changed"]}
    )

    assert response.status_code == 422
    assert "nowhere.example cannot be found." in response.content.decode()


def test_an_owner_rotates_and_switches_off_and_on(owner, endpoint):
    act = reverse("members:webhook_endpoint", args=[endpoint.pk])

    states = []
    for do in ("rotate", "disable", "enable", "nonsense"):
        owner.post(act, {"do": do})
        endpoint.refresh_from_db()
        states.append((endpoint.secret_version, endpoint.disabled_at is None))

    assert states == [(2, True), (2, False), (2, True), (2, True)]
