"""The API's door: who comes in, what is answered when something is wrong, repeats, pages."""

import json
from datetime import timedelta

import pytest

from common import clock
from common.errors import Refused
from members import api_keys, api_replays, escalations
from members.models import ApiKey, ApiReplay, AuditEntry, Patient
from tests import factories

pytestmark = pytest.mark.django_db

ANA = {"external_id": "p1", "first_name": "Ana", "last_name": "Ortiz", "phone": "(512) 555-0123"}


@pytest.fixture(autouse=True)
def practice():
    factories.make_location()


def issue(*scopes: str, **fields) -> tuple[ApiKey, str]:
    return api_keys.issue(
        name="Scheduler", scopes=scopes or ApiKey.Scope.values, actor="staff:1", now=clock.now(), **fields
    )


def send(client, method, path, token, body=None, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    return client.generic(
        method, f"/api/v1/{path}", raw, content_type="application/json",
        headers={"Authorization": f"Bearer {token}", **headers},
    )  # fmt: skip


def problem(response) -> dict:
    assert response.headers["Content-Type"] == "application/problem+json"
    told = response.json()
    assert told["status"] == response.status_code
    assert told["detail"]
    return told


# --- who comes in -----------------------------------------------------------------------------------------------------


def test_a_batch_is_taken_in_with_a_result_a_row(client):
    _, token = issue("patients")

    response = send(client, "PUT", "patients", token, {"rows": [ANA, {**ANA, "external_id": "p2", "phone": "911"}]})

    told = response.json()
    assert (response.status_code, told["created"], told["refused"]) == (200, 1, 1)
    assert told["results"][0] == {"index": 0, "external_id": "p1", "outcome": "created", "errors": []}
    assert told["results"][1]["errors"] == [
        {"field": "phone", "message": "Only US phone numbers with ten digits can be used."}
    ]
    assert AuditEntry.objects.get(action="patients.imported").actor.startswith("api:")


@pytest.mark.parametrize("token", ["", "msk_", "msk_deadbeef_nonsense", "Basic abc", "msk_?_x"])
def test_without_a_good_key_nothing_answers(client, token):
    response = send(client, "PUT", "patients", token, {"rows": [ANA]})

    assert response.status_code == 401
    assert "Bearer" in problem(response)["detail"]
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert not Patient.objects.exists()


def test_a_revoked_key_is_no_key(client):
    key, token = issue()
    api_keys.revoke(key=key, actor="staff:1", now=clock.now())

    response = send(client, "GET", "visits", token)

    assert response.status_code == 401


def test_the_right_prefix_with_another_secret_is_no_key(client):
    key, _ = issue()

    response = send(client, "GET", "visits", f"msk_{key.prefix}_guess")

    assert response.status_code == 401


def test_a_key_does_only_what_its_scopes_say(client):
    _, token = issue("patients")

    response = send(client, "GET", "balances", token)

    assert response.status_code == 403
    assert "lacks the scope “read”" in problem(response)["detail"]


def test_a_key_is_kept_as_a_hash_and_shown_once():
    key, token = issue()

    kept = json.dumps({field.name: str(getattr(key, field.name)) for field in key._meta.fields})

    secret = token.removeprefix(f"msk_{key.prefix}_")
    assert len(secret) > 40
    assert secret not in kept


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "which system"),
        ({"scopes": []}, "Choose what"),
        ({"scopes": ["everything"]}, "Choose what"),
        ({"requests_a_minute": 0}, "between 1 and"),
    ],
)
def test_a_key_without_name_or_scope_is_refused(fields, words):
    asked = {"name": "Scheduler", "scopes": ["read"], "actor": "staff:1", "now": clock.now(), **fields}

    with pytest.raises(Refused, match=words):
        api_keys.issue(**asked)


def test_a_key_that_asks_too_often_is_slowed_down_and_others_are_not(client):
    _, eager = issue("read", requests_a_minute=2)
    _, other = issue("read")

    answers = [send(client, "GET", "visits", eager) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "60"
    assert "2 times a minute" in problem(answers[2])["detail"]
    assert send(client, "GET", "visits", other).status_code == 200


def test_who_guesses_keys_is_slowed_down(client):
    answers = {send(client, "GET", "visits", f"msk_deadbeef_{number}").status_code for number in range(40)}

    assert answers == {401, 429}


# --- what is wrong with a request -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("PUT", "patients", b"{", 400, "not JSON"),
        ("PUT", "patients", '{"rows": [{"first_name": "José"}]}'.encode("latin-1"), 400, "not JSON"),
        ("PUT", "patients", b"[" * 100_000, 400, "not JSON"),
        ("PUT", "patients", b"", 422, "right shape"),
        ("PUT", "patients", {"rows": []}, 422, "right shape"),
        ("PUT", "patients", {"rows": [ANA] * 1001}, 422, "right shape"),
        ("PUT", "patients", {"rows": ["Ana"]}, 422, "right shape"),
        ("PUT", "patients", {"rows": [ANA], "dry_run": True}, 422, "right shape"),
        ("PUT", "patients", {"rows": [{**ANA, "first_name": "x" * 10_000_000}]}, 413, "at most 2.5 MB"),
        ("GET", "visits?cursor=%00", None, 422, "right shape"),
        ("GET", "visits?cursor=after-99999999999999999999", None, 422, "right shape"),
        ("GET", "visits?limit=0", None, 422, "right shape"),
        ("GET", "visits?limit=101", None, 422, "right shape"),
        ("GET", "visits?patient=%00", None, 422, "right shape"),
        ("GET", "escalations?state=lost", None, 422, "right shape"),
        ("POST", "patients", {"rows": [ANA]}, 405, "Use PUT"),
        ("GET", "nothing", None, 404, "nothing at this address"),
        ("GET", "", None, 404, "nothing at this address"),
    ],
)
def test_each_error_is_a_problem_with_a_sentence(client, method, path, body, status, words):
    _, token = issue()

    response = send(client, method, path, token, body)

    assert response.status_code == status
    assert words in problem(response)["detail"]
    assert not Patient.objects.exists()


def test_what_breaks_on_our_side_is_told_as_a_problem_without_its_insides(client, monkeypatch, caplog):
    def break_down(*args, **kwargs):
        raise RuntimeError("patient Ana Ortiz")

    monkeypatch.setattr("members.importing.batch.take_in", break_down)
    _, token = issue()

    response = send(client, "PUT", "patients", token, {"rows": [ANA]}, **{"Idempotency-Key": "k1"})

    assert response.status_code == 500
    assert "Ortiz" not in json.dumps(problem(response))
    assert not ApiReplay.objects.exists()  # the key may be used again


# --- repeats ----------------------------------------------------------------------------------------------------------


def test_a_repeat_gets_the_first_answer_again(client):
    _, token = issue()
    first = send(client, "PUT", "patients", token, {"rows": [ANA]}, **{"Idempotency-Key": "k1"})

    again = send(client, "PUT", "patients", token, {"rows": [ANA]}, **{"Idempotency-Key": "k1"})

    assert again.json() == first.json()
    assert again.json()["created"] == 1
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


@pytest.mark.parametrize(("path", "name"), [("patients", "Bea"), ("services", "Ana")])
def test_the_same_key_with_another_request_is_refused(client, path, name):
    _, token = issue()
    send(client, "PUT", "patients", token, {"rows": [ANA]}, **{"Idempotency-Key": "k1"})

    other = send(client, "PUT", path, token, {"rows": [{**ANA, "first_name": name}]}, **{"Idempotency-Key": "k1"})

    assert other.status_code == 422
    assert "another request" in problem(other)["detail"]


def test_two_systems_may_choose_the_same_key(client):
    _, mine = issue()
    _, theirs = issue()
    send(client, "PUT", "patients", mine, {"rows": [ANA]}, **{"Idempotency-Key": "k1"})

    response = send(client, "PUT", "patients", theirs, {"rows": [ANA]}, **{"Idempotency-Key": "k1"})

    assert response.json()["unchanged"] == 1


def test_a_repeat_while_the_first_still_runs_is_told_to_wait(client):
    key, token = issue()
    sent = json.dumps({"rows": [ANA]}).encode()

    def meanwhile():
        return send(client, "PUT", "patients", token, sent, **{"Idempotency-Key": "k1"})

    answer, _ = api_replays.once(
        api_key=key, key="k1", request_body=sent, path="/api/v1/patients", make=lambda: meanwhile().status_code,
        now=clock.now(),
    )  # fmt: skip

    assert answer == 409


def test_a_first_request_that_was_killed_does_not_block_its_key_for_ever(client):
    _, token = issue()
    sent = json.dumps({"rows": [ANA]}).encode()
    send(client, "PUT", "patients", token, sent, **{"Idempotency-Key": "k1"})
    ApiReplay.objects.update(status=None, created_at=clock.now() - api_replays.ABANDONED)

    response = send(client, "PUT", "patients", token, sent, **{"Idempotency-Key": "k1"})

    assert (response.status_code, response.json()["unchanged"]) == (200, 1)


def test_answers_are_kept_for_a_day(client):
    _, token = issue()
    send(client, "PUT", "patients", token, {"rows": [ANA]}, **{"Idempotency-Key": "k1"})

    early = api_replays.forget_old(now=clock.now())
    late = api_replays.forget_old(now=clock.now() + timedelta(days=1, minutes=1))

    assert (early, late) == (0, 1)


# --- reading back -----------------------------------------------------------------------------------------------------


def test_pages_follow_each_other_without_gap_or_repeat(client):
    _, token = issue()
    for number in range(5):
        patient = factories.make_patient("Ana", f"Ortiz{number}", external_id=f"p{number}")
        factories.make_membership(patient, external_id=f"m{number}")
    seen, cursor = [], ""

    for _ in range(3):
        page = send(client, "GET", f"memberships?limit=2{cursor}", token).json()
        seen += [item["external_id"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"

    assert seen == ["m0", "m1", "m2", "m3", "m4"]
    assert page["next_cursor"] is None


def test_a_patients_balance_membership_and_visits_are_read_back(client):
    _, token = issue()
    patient = factories.make_patient(external_id="p1")
    factories.make_membership(patient, external_id="m1")
    other = factories.make_patient("Bea", external_id="p2")
    factories.make_membership(other, external_id="m2")
    facial = factories.make_service().external_id
    visit = {"external_id": "v1", "patient": "p1", "service": facial, "starts_at": "2030-06-20T15:00:00Z"}
    send(client, "PUT", "visits", token, {"rows": [{**visit, "status": "booked"}]})
    grant = {"external_id": "c1", "membership": "m1", "service": facial, "quantity": 2}
    send(client, "PUT", "credits", token, {"rows": [grant]})

    balances, memberships, visits = (
        send(client, "GET", f"{what}?patient=p1", token).json()["items"]
        for what in ("balances", "memberships", "visits")
    )

    assert [(one["membership"], one["credits_remaining"], len(one["lots"])) for one in balances] == [("m1", 2, 1)]
    assert [(one["plan"], one["next_appointment_at"]) for one in memberships] == [("Glow", "2030-06-20T15:00:00Z")]
    assert [(one["external_id"], one["service"], one["location"]) for one in visits] == [("v1", facial, "austin")]


def test_cases_are_read_back_without_what_the_patient_wrote(client):
    """R119: the minimum necessary."""
    _, token = issue()
    patient = factories.make_patient(external_id="p1")
    escalations.open(reason="human", summary="Wrote: my rash is back.", patient=patient, now=clock.now())

    told = send(client, "GET", "escalations?state=open", token).json()["items"]

    assert [(one["patient"], one["reason"], one["severity"]) for one in told] == [("p1", "human", "normal")]
    assert "rash" not in json.dumps(told)


# --- the docs ---------------------------------------------------------------------------------------------------------


def test_the_docs_name_each_field_and_fetch_nothing_from_elsewhere(client):
    client.force_login(factories.make_staff())

    page = client.get("/api/v1/docs")
    description = client.get("/api/v1/openapi.json").json()

    assert "https://" not in page.content.decode()
    row = description["components"]["schemas"]["PatientRows"]["properties"]["rows"]["items"]["anyOf"][0]
    assert {"external_id", "phone", "sms_marketing", "consent_wording"} <= set(row["properties"])
