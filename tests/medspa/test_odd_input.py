"""What no person types but a machine may send: an answer that makes sense, never a 500."""

from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from common import clock
from members import escalations, links
from members.models import AuditEntry, Escalation, PatientLink
from outreach.models import Message
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    patient = factories.make_membership().patient
    return escalations.open(reason="human", summary="Asked for a person.", patient=patient, now=clock.now())


@pytest.fixture
def desk(client):
    client.force_login(factories.make_staff())
    return client


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
@pytest.mark.parametrize("name", ["members:detail", "concierge:escalation", "concierge:transcript"])
def test_a_number_that_no_row_can_have_is_not_found(desk, name, number):
    response = desk.get(reverse(name, args=[number]))

    assert response.status_code == 404


@pytest.mark.parametrize("name", ["concierge:claim", "concierge:reply", "concierge:resolve", "concierge:give_back"])
def test_an_act_on_a_case_that_cannot_exist_is_not_found(desk, name):
    response = desk.post(reverse(name, args=[2**63]), {"body": "Hi", "outcome": "Done"})

    assert response.status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/members/?q=%00",
        "/members/?plan=99999999999999999999999",
        "/members/?plan=%00&location=-1",
        "/members/?sort=%00",
        "/members/?sort=patient__password",
        "/members/?page=99999999999999999999",
        "/members/?page=-1",
        "/escalations/?folder=%00",
        "/escalations/?sort=wait&page=1e9",
        "/texts/?q=%00",
        "/login/?next=%00",
        "/m/%00/",
        "/m/%ff%fe/",
        "/m/" + "a" * 5_000 + "/",
    ],
)
def test_an_odd_address_is_a_page_or_is_not_found(desk, address):
    response = desk.get(address)

    assert response.status_code in (200, 302, 404)


@pytest.mark.parametrize("show", ["%00", "audit%00", "a" * 5_000])
def test_a_made_up_filter_is_not_kept_in_the_audit_trail(desk, case, show):
    response = desk.get(f"{reverse('members:detail', args=[case.patient_id])}?show={show}")

    assert response.status_code == 200
    assert AuditEntry.objects.get(action="patient.viewed").data["show"] == ""


def test_control_characters_in_a_reply_are_left_out(desk, case):
    desk.post(reverse("concierge:reply", args=[case.pk]), {"body": "See you\x00 at\x08 three."})

    assert Message.objects.get(kind="staff").body == "See you at three."


def test_control_characters_in_an_outcome_are_left_out(desk, case):
    desk.post(reverse("concierge:resolve", args=[case.pk]), {"outcome": "Called\x00 back."})

    assert Escalation.objects.get(pk=case.pk).outcome == "Called back."


def test_control_characters_in_a_password_are_a_wrong_password(client):
    response = client.post("/login/", {"username": "dana@glowtheory.example", "password": "x\x00"})

    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("session", ["../customers/cus_1", "\x00", "a b", "x" * 3_000, "☃", "cs_x/../x?y=1"])
def test_a_made_up_session_of_any_shape_changes_nothing(client, session):
    link = links.issue(membership=factories.make_membership(), purpose="update_card", now=clock.now())
    PatientLink.objects.filter(pk=link.pk).update(session_id="cs_of_another_click")

    response = client.get(f"{urlsplit(links.url(link)).path}done/", {"session_id": session})

    assert response.status_code in (200, 302)
    assert not AuditEntry.objects.filter(action="card.updated").exists()
