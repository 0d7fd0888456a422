"""The second step at sign-in, sessions that end, and what a desk had half typed (R115)."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.urls import reverse

from common import clock
from medspa.models import Draft
from medspa.portal import drafts
from members.models import StaffUser
from tests import factories

pytestmark = pytest.mark.django_db
LOGIN = {"login": "dana@glowtheory.example", "password": "correct-horse-9"}


def digits(secret: str) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))


@pytest.fixture
def second_factor_needed(settings):
    settings.SECOND_FACTOR_FOR = "everyone"


def set_up_app(client) -> str:
    """Through the pages, as a person would; the secret that the app keeps."""
    client.post(reverse("account_reauthenticate"), {"password": LOGIN["password"]})
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r"<code>(\w+)</code>", page)[1]
    client.post(reverse("mfa_activate_totp"), {"code": digits(secret)})
    return secret


def test_without_a_second_factor_only_ones_own_account_opens(client, second_factor_needed):
    factories.make_staff()
    client.post(reverse("account_login"), LOGIN)

    today = client.get(reverse("portal:today"))
    account = client.get(today.headers["Location"])

    assert today.headers["Location"] == f"{reverse('mfa_index')}?needed=1"
    assert account.status_code == 200
    assert "asks for one before you go on" in account.content.decode()


def test_once_the_app_is_set_up_the_portal_opens_and_signing_in_asks_for_its_digits(client, second_factor_needed):
    dana = factories.make_staff()
    client.post(reverse("account_login"), LOGIN)

    secret = set_up_app(client)
    opens = client.get(reverse("portal:today"))
    client.post(reverse("account_logout"))
    asked = client.post(reverse("account_login"), LOGIN)
    before = client.get(reverse("portal:today"))
    wrong = client.post(reverse("mfa_authenticate"), {"code": "000000"})

    assert opens.status_code == 200
    assert asked.headers["Location"].startswith(reverse("mfa_authenticate"))
    assert before.status_code == 302
    assert wrong.status_code == 200
    assert secret not in Authenticator.objects.get(user=dana, type="totp").data["secret"]


def test_a_recovery_code_signs_in_when_the_phone_is_lost(client, second_factor_needed):
    dana = factories.make_staff()
    client.post(reverse("account_login"), LOGIN)
    set_up_app(client)
    code = Authenticator.objects.get(user=dana, type="recovery_codes").wrap().get_unused_codes()[0]
    client.post(reverse("account_logout"))

    client.post(reverse("account_login"), LOGIN)
    client.post(reverse("mfa_authenticate"), {"code": code})

    assert client.get(reverse("portal:today")).status_code == 200


def test_a_practice_may_ask_only_managers_for_it(client, settings):
    settings.SECOND_FACTOR_FOR = "managers"
    desk, manager = factories.make_staff(), factories.make_staff("m@glowtheory.example", role="manager")

    client.force_login(desk)
    as_desk = client.get(reverse("portal:today"))
    client.force_login(manager)
    as_manager = client.get(reverse("portal:today"))

    assert as_desk.status_code == 200
    assert as_manager.headers["Location"].startswith(reverse("mfa_index"))


def test_the_secret_of_the_app_is_not_readable_in_the_database(settings):
    kept = get_adapter().encrypt("JBSWY3DPEHPK3PXP")

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the-next-key-of-a-rotation"

    assert "JBSWY3DPEHPK3PXP" not in kept
    assert get_adapter().decrypt(kept) == "JBSWY3DPEHPK3PXP"


@pytest.mark.parametrize("name", ["mfa_index", "mfa_list_webauthn", "mfa_add_webauthn", "mfa_activate_totp",
                                  "account_change_password", "usersessions_list"])  # fmt: skip
def test_the_pages_of_ones_own_account_open_and_no_cache_keeps_them(client, name):
    factories.make_staff()
    client.post(reverse("account_login"), LOGIN)
    client.post(reverse("account_reauthenticate"), {"password": LOGIN["password"]})

    page = client.get(reverse(name))

    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]


def test_a_forgotten_password_is_replaced_by_a_mailed_link(client, mailoutbox):
    factories.make_staff()
    client.post(reverse("account_reset_password"), {"email": "dana@glowtheory.example"})
    link = re.search(r"https?://[^/]+(/password/new/\S+)", mailoutbox[0].body)[1]

    form = client.get(link, follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": "violet-harbour-77", "password2": "violet-harbour-77"})
    signed_in = client.post(reverse("account_login"), {**LOGIN, "password": "violet-harbour-77"})

    assert signed_in.headers["Location"] == reverse("portal:today")


def test_nobody_learns_from_the_form_whether_an_address_has_an_account(client, mailoutbox):
    answer = client.post(reverse("account_reset_password"), {"email": "nobody@glowtheory.example"})

    assert answer.headers["Location"] == reverse("account_reset_password_done")
    assert mailoutbox == []


def test_changing_what_protects_the_account_asks_for_the_password_again(client):
    factories.make_staff()
    client.post(reverse("account_login"), LOGIN)

    page = client.get(reverse("mfa_activate_totp"), follow=True)

    assert "Is it still you?" in page.content.decode()


# --- idle -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(client, monkeypatch):
    """A signed-in desk, and a way to let minutes pass."""
    dana = factories.make_staff()
    client.force_login(dana)
    StaffUser.objects.filter(pk=dana.pk).update(last_login=factories.NOON)
    moment = {"now": factories.NOON}
    monkeypatch.setattr(clock, "now", lambda: moment["now"])

    def wait(minutes: float) -> None:
        moment["now"] += timedelta(minutes=minutes)

    client.wait = wait
    return client


def test_a_desk_is_signed_out_after_fifteen_idle_minutes_and_comes_back_to_the_same_page(desk):
    desk.wait(15.1)

    page = desk.get(reverse("members:list"))

    assert page.headers["Location"] == f"{reverse('portal:login')}?next={reverse('members:list')}"


def test_a_desk_at_work_stays_signed_in(desk):
    for _ in range(4):
        desk.wait(10)
        assert desk.get(reverse("members:list")).status_code == 200


def test_a_page_that_polls_by_itself_keeps_nobody_signed_in(desk):
    for _ in range(4):
        desk.wait(5)
        last = desk.get(reverse("portal:today"), headers={"HX-Request": "true", "X-By-Itself": "1"})

    assert last.headers.get("HX-Redirect", "").startswith(reverse("portal:login"))


# --- drafts -----------------------------------------------------------------------------------------------------------


def test_what_was_half_typed_is_there_again_and_only_for_who_typed_it(client):
    client.force_login(factories.make_staff())
    client.post(reverse("portal:draft"), {"place": "/cases/1/#body", "text": "Dear Ana, we"})
    mine = client.get(reverse("portal:draft"), {"place": "/cases/1/#body"}).json()
    client.force_login(factories.make_staff("other@glowtheory.example"))
    others = client.get(reverse("portal:draft"), {"place": "/cases/1/#body"}).json()

    assert mine == {"text": "Dear Ana, we"}
    assert others == {"text": ""}


def test_a_draft_is_gone_once_it_is_sent_or_a_week_old(client):
    dana = factories.make_staff()
    client.force_login(dana)
    Draft.objects.create(user=dana, place="/old/#body", text="Hi", saved_at=factories.NOON - timedelta(days=8))
    client.post(reverse("portal:draft"), {"place": "/a/#body", "text": "Hello"})

    client.post(reverse("portal:draft"), {"place": "/a/#body", "text": ""})
    forgotten = drafts.forget_old(now=factories.NOON)

    assert forgotten == 1
    assert not Draft.objects.exists()


def test_a_draft_for_no_place_is_refused(client):
    client.force_login(factories.make_staff())

    answer = client.post(reverse("portal:draft"), {"text": "Hello"})

    assert answer.status_code == 400
