"""Every address says who may use it, and keeps to it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from common import access, clock
from concierge.models import Conversation
from members import escalations
from members.metrics import ALL as METRICS
from members.models import ImportJob, PriceChange, StaffUser
from outreach import playbooks
from outreach.models import CadencePlan, Message
from tests import factories

# The addresses need rows whose numbers agree, also where the database does not give a number twice.
pytestmark = pytest.mark.django_db(transaction=True, reset_sequences=True)

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
KINDS = {"public", "signed", "token", "key", "demo", "account", "staff"}


def views(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(name with namespace, view) of every address of the product."""
    resolver = resolver or get_resolver()
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from views(each, f"{prefix}{each.namespace}:" if each.namespace else prefix)
        elif isinstance(each, URLPattern):
            yield f"{prefix}{each.name}", each.callback


ALL = list(views())
STAFF = [(name, view) for name, view in ALL if getattr(view, "access", None) and view.access.kind == "staff"]
OTHERS = [(name, view) for name, view in ALL if (name, view) not in STAFF]


def test_the_walk_finds_the_pages_that_matter():
    names = {name for name, _ in ALL}

    assert names >= {
        "healthz", "readyz", "portal:today", "portal:login", "members:list", "members:detail", "members:link",
        "members:stripe_webhook", "concierge:queue", "concierge:escalation", "concierge:sms_webhook",
        "outreach:status", "outreach:messages", "demo:phonebook",
    }  # fmt: skip


def test_every_view_declares_who_may_use_it():
    declared = {name: getattr(view, "access", None) for name, view in ALL}

    assert [name for name, access in declared.items() if access is None] == [], "no decorator of common/access.py"
    assert {access.kind for access in declared.values()} <= KINDS


def test_only_signed_webhooks_and_the_api_are_exempt_from_the_csrf_check():
    exempt = {name for name, view in ALL if getattr(view, "csrf_exempt", False)}

    assert exempt == {name for name, view in ALL if view.access.kind in ("signed", "key")}


def test_nothing_under_the_api_answers_without_a_key(client):
    keyed = {name for name, view in ALL if name.startswith("api:") and view.access.kind == "key"}

    answers = {method: client.generic(method, "/api/v1/patients").status_code for method in ("PUT", "GET", "DELETE")}

    assert {"api:patients", "api:balances"} <= keyed
    assert answers == {"PUT": 401, "GET": 405, "DELETE": 405}


def test_what_everyone_may_open_is_a_short_list():
    """R78: none of them takes a telephone number, so nobody can have us text one (SMS pumping)."""
    public = {name for name, view in ALL if view.access.kind == "public"}

    assert public == {
        "healthz", "readyz", "portal:login", "portal:logout", "portal:join", "portal:language",
        "account_login", "account_logout", "account_inactive", "mfa_authenticate", "mfa_login_webauthn",
        "account_reset_password", "account_reset_password_done",
        "account_reset_password_from_key", "account_reset_password_from_key_done",
    }  # fmt: skip
    outside = [page for folder in ("account", "mfa", "patient") for page in (TEMPLATES / folder).rglob("*.html")]
    asks = [page.name for page in outside if re.search(r"type=.tel|name=.(phone|number)\b", page.read_text())]
    assert (len(outside) > 20, asks) == (True, [])


def _price_change() -> PriceChange:
    version = factories.make_version(factories.make_plan())
    said = {"effective_on": clock.now().date(), "announced_at": clock.now(), "announced_by": "staff:1"}
    return PriceChange.objects.create(version=version, **said)


@pytest.fixture
def address():
    """The address of a staff page, with a real patient and a real case where it needs one."""
    membership = factories.make_membership()
    patient = membership.patient
    factories.make_invoice(membership, pk=patient.pk)
    case = escalations.open(reason="human", summary="Asked for a person.", patient=patient, now=clock.now())

    ImportJob.objects.create(
        pk=patient.pk,
        kind="patients",
        file_name="a.csv",
        columns=[],
        headers=[],
        created_at=clock.now(),
        actor="staff:1",
    )

    def of(name: str) -> str:
        if name.startswith("outreach:sequence_edit") or name == "outreach:sequence":
            playbooks.install()
            return reverse(name, args=["utilization"])
        if name.startswith("members:metric_rows") or name == "members:price_moves":
            return reverse(name, args=[_price_change().pk if name == "members:price_moves" else METRICS[0].name])
        if name == "outreach:plan":
            now = clock.now()
            plan, _ = CadencePlan.objects.get_or_create(which="monday", on=now.date(), defaults={"made_at": now})
            return reverse(name, args=[plan.pk])
        if name == "outreach:message":
            now = clock.now()
            text, _ = Message.objects.get_or_create(
                dedupe_key="a",
                direction="out",
                kind="reply",
                status="sent",
                body="Hi",
                defaults={"created_at": now, "due_at": now},
            )
            return reverse(name, args=[text.pk])
        if name in ("outreach:sequence_preview", "outreach:approve", "outreach:step_texts"):
            return reverse(name, args=["utilization", 1])
        if name.startswith("concierge:"):
            Conversation.objects.get_or_create(pk=case.pk, defaults={"phone": patient.phone, "patient": patient})
        row = case.pk if name.startswith("concierge:") else patient.pk
        for args in ([], [row], [row, row]):
            try:
                return reverse(name, args=args)
            except NoReverseMatch:
                continue
        raise AssertionError(f"{name} needs other arguments")

    return of


def test_a_stranger_is_sent_to_sign_in_and_back(client, address):
    pages = {name: address(name) for name, _ in STAFF}

    sent = {name: client.get(page) for name, page in pages.items()}

    assert {name: answer.headers.get("Location") for name, answer in sent.items()} == {
        name: f"{reverse('portal:login')}?next={page}" for name, page in pages.items()
    }


def test_staff_without_a_role_are_refused(client, address):
    client.force_login(StaffUser.objects.create_user("new@glowtheory.example", "correct-horse-9"))

    answers = {name: client.get(address(name)) for name, _ in STAFF}

    opened = [name for name, answer in answers.items() if answer.status_code != 403]
    unsaid = [
        name for name, answer in answers.items() if "Your account may not open this page" not in str(answer.content)
    ]
    assert (opened, unsaid) == ([], [])


@pytest.mark.parametrize("role", ["owner", "manager", "front_desk", "clinician"])
def test_staff_get_what_their_role_declares(client, address, role):
    client.force_login(factories.make_staff(role=role))
    wrong = []

    for name, view in STAFF:
        answer = client.get(address(name))
        allowed = not view.access.roles or role in view.access.roles
        # 302: a part of a page asked for without htmx; 405: an act, which wants a POST.
        as_declared = answer.status_code in ({200, 302, 405} if allowed else {403})
        if not as_declared or answer.headers.get("Location", "").startswith(reverse("portal:login")):
            wrong.append(f"{name}: {answer.status_code}")

    assert wrong == []


def test_a_role_that_is_named_keeps_the_others_out():
    @access.staff("owner")
    def safe(request):
        raise AssertionError("reached")

    request = RequestFactory().get("/")
    request.user = factories.make_staff(role="front_desk")

    with pytest.raises(access.PermissionDenied):
        safe(request)


def test_no_cache_keeps_a_page_with_patients_on_it(client, address):
    client.force_login(factories.make_staff(role="owner"))

    answers = {name: client.get(address(name)) for name, _ in STAFF}

    kept = [
        name
        for name, answer in answers.items()
        if answer.status_code != 405 and not {"no-store", "private"} <= set(answer.headers["Cache-Control"].split(", "))
    ]
    assert kept == []


def test_every_page_for_staff_explains_itself(client, address):
    client.force_login(factories.make_staff(role="owner"))

    drawn = {name: client.get(address(name)).content.decode(errors="replace") for name, _ in STAFF}

    silent = [name for name, page in drawn.items() if 'class="page-head"' in page and 'id="help"' not in page]
    assert silent == [], "no help: write templates/help/<the page's template>"
    assert sum('id="help"' in page for page in drawn.values()) > 40


def test_a_colleague_who_left_cannot_come_in(client):
    dana = factories.make_staff()
    client.force_login(dana)
    StaffUser.objects.filter(pk=dana.pk).update(is_active=False)

    response = client.get(reverse("portal:today"))

    assert response.status_code == 302


def test_an_ended_session_sends_the_whole_page_to_sign_in_not_a_fragment_of_it(client):
    response = client.get(
        reverse("members:list"),
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/members/?status=past_due"},
    )

    assert response.status_code == 204
    assert response.headers["HX-Redirect"] == "/login/?next=/members/%3Fstatus%3Dpast_due"


def test_demo_pages_do_not_exist_in_production(client, settings):
    settings.DEMO = settings.DEBUG = False
    demo = [name for name, view in OTHERS if view.access.kind == "demo"]

    response = client.get(reverse("demo:phonebook"))

    assert "demo:phonebook" in demo
    assert response.status_code == 404
