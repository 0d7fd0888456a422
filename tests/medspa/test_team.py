"""Colleagues are invited, get roles, and are switched off; owners keep the last word (R114)."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from common.errors import Refused
from members import team
from members.models import AuditEntry, Invitation, StaffRole, StaffUser
from tests import factories

pytestmark = pytest.mark.django_db
JOIN = {"first_name": "Mia", "last_name": "Lopez", "password": "violet-harbour-77"}


@pytest.fixture
def owner(client):
    owner = factories.make_staff("owner@glowtheory.example", role="owner")
    client.force_login(owner)
    return owner


def invite(client, **fields):
    return client.post(reverse("portal:invite"), {"email": "Mia@GlowTheory.example", "role": "front_desk", **fields})


def link_in(mailoutbox):
    return re.search(r"http\S+", mailoutbox[-1].body)[0]


def test_an_invited_colleague_makes_an_account_and_signs_in(client, owner, mailoutbox):
    invite(client)
    client.logout()

    made = client.post(link_in(mailoutbox), JOIN)
    signed_in = client.post(
        reverse("account_login"), {"login": "mia@glowtheory.example", "password": "violet-harbour-77"}
    )

    assert made.headers["Location"] == reverse("account_login")
    assert signed_in.headers["Location"] == reverse("portal:today")
    assert StaffUser.objects.get(email="mia@glowtheory.example").role_names() == {"front_desk"}


def test_an_invitation_works_once(client, owner, mailoutbox):
    invite(client)
    client.post(link_in(mailoutbox), JOIN)

    again = client.post(link_in(mailoutbox), JOIN)

    assert again.status_code == 410
    assert "no longer valid" in again.content.decode()


def test_an_invitation_ends_after_a_week():
    by = factories.make_staff(role="owner")
    _, token = team.invite(email="mia@x.example", role="front_desk", location=None, by=by, now=factories.NOON)

    with pytest.raises(Refused, match="no longer valid"):
        team.find_invitation(token, now=factories.NOON + timedelta(days=7))


def test_inviting_again_makes_the_first_link_worthless(client, owner, mailoutbox):
    invite(client)
    first = link_in(mailoutbox)

    invite(client)

    assert client.get(first).status_code == 410
    assert client.get(link_in(mailoutbox)).status_code == 200


def test_a_weak_password_is_refused_beside_the_field_and_the_names_are_kept(client, owner, mailoutbox):
    invite(client)

    page = client.post(link_in(mailoutbox), {**JOIN, "password": "12345678"})

    assert page.status_code == 422
    assert "too common" in page.content.decode()
    assert 'value="Mia"' in page.content.decode()
    assert not StaffUser.objects.filter(email="mia@glowtheory.example").exists()


def test_the_token_of_an_invitation_is_not_stored(client, owner, mailoutbox):
    invite(client)

    token = link_in(mailoutbox).rstrip("/").rpartition("/")[2]

    assert token not in str(list(Invitation.objects.values()))


def test_an_invitation_that_cannot_be_mailed_shows_its_link_instead(client, owner, settings):
    settings.EMAIL_BACKEND = "tests.medspa.test_team.NoMail"

    page = client.post(
        reverse("portal:invite"), {"email": "mia@glowtheory.example", "role": "front_desk"}, follow=True
    ).content.decode()

    assert "could not be sent" in page
    assert "/join/" in page


class NoMail:
    def __init__(self, **kwargs):
        pass

    def send_messages(self, messages):
        raise OSError("no route to host")


@pytest.mark.parametrize("role", ["manager", "owner"])
def test_a_manager_makes_no_managers_and_no_owners(client, role):
    client.force_login(factories.make_staff(role="manager"))

    page = invite(client, role=role)

    assert page.status_code == 422
    assert "Only an owner" in page.content.decode()
    assert not Invitation.objects.exists()


def test_a_manager_cannot_touch_an_owners_account(client, owner):
    client.force_login(factories.make_staff(role="manager"))

    for act in ("switch_off", "forget_second_factor"):
        client.post(reverse("portal:team_act", args=[owner.pk]), {"do": act})

    owner.refresh_from_db()
    assert owner.is_active
    assert not AuditEntry.objects.filter(action__startswith="team.").exists()


def test_the_last_owner_cannot_be_lost(client, owner):
    held = owner.roles.get()

    by_role = client.post(reverse("portal:team_act", args=[owner.pk]), {"do": "take", "held": held.pk}, follow=True)
    by_account = client.post(reverse("portal:team_act", args=[owner.pk]), {"do": "switch_off"}, follow=True)

    assert "last owner" in by_role.content.decode()
    assert "your own account" in by_account.content.decode()
    assert StaffRole.objects.filter(role="owner", user__is_active=True).count() == 1


def test_switching_a_colleague_off_ends_their_session_and_is_on_record(client, owner):
    dana = factories.make_staff()
    desk = type(client)()
    desk.force_login(dana)

    client.post(reverse("portal:team_act", args=[dana.pk]), {"do": "switch_off"})

    assert desk.get(reverse("portal:today")).status_code == 302
    assert AuditEntry.objects.get(action="team.switched_off").data == {"user": dana.pk}


def test_roles_are_given_and_taken(client, owner):
    dana = factories.make_staff()
    austin = factories.make_location()

    client.post(reverse("portal:team_act", args=[dana.pk]), {"do": "give", "role": "clinician", "location": austin.pk})
    client.post(
        reverse("portal:team_act", args=[dana.pk]), {"do": "take", "held": dana.roles.get(role="front_desk").pk}
    )

    assert [(held.role, held.location) for held in dana.roles.all()] == [("clinician", austin)]
