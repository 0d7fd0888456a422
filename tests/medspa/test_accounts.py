import pytest
from django.urls import reverse
from django.views.defaults import server_error

from tests import factories

pytestmark = pytest.mark.django_db
LOGIN = {"login": "dana@glowtheory.example", "password": "correct-horse-9"}


def test_staff_sign_in_by_e_mail_whatever_its_case_and_come_back_to_where_they_were(client):
    factories.make_staff()

    response = client.post(reverse("portal:login"), {**LOGIN, "login": "Dana@GlowTheory.example", "next": "/members/"})

    assert response.status_code == 302
    assert response.headers["Location"] == "/members/"


def test_nobody_is_sent_to_another_site_after_signing_in(client):
    factories.make_staff()

    response = client.post(reverse("portal:login"), {**LOGIN, "next": "https://evil.example/"})

    assert response.headers["Location"] == reverse("portal:today")


def test_a_wrong_password_says_so_keeps_the_e_mail_and_not_the_password(client):
    factories.make_staff()

    page = client.post(reverse("portal:login"), {**LOGIN, "password": "wrong"}).content.decode()

    assert "do not match" in page
    assert 'value="dana@glowtheory.example"' in page
    assert "wrong" not in page


def test_passwords_cannot_be_guessed_by_machine(client):
    factories.make_staff()
    for _ in range(10):
        client.post(reverse("portal:login"), {**LOGIN, "password": "wrong"})

    page = client.post(reverse("portal:login"), LOGIN).content.decode()

    assert "Too many tries" in page


def test_one_caller_cannot_try_one_password_at_every_account(client):
    factories.make_staff()
    for number in range(60):
        client.post(reverse("portal:login"), {"login": f"name{number}@glowtheory.example", "password": "Summer2026!"})

    page = client.post(reverse("portal:login"), LOGIN).content.decode()

    assert "Too many tries" in page


def test_signing_out_takes_a_post(client):
    client.force_login(factories.make_staff())

    by_link = client.get(reverse("portal:logout"))
    by_button = client.post(reverse("portal:logout"))

    assert by_link.status_code == 405
    assert by_button.status_code == 302
    assert client.get(reverse("portal:today")).status_code == 302


def test_pages_that_do_not_exist_are_ours(client):
    response = client.get("/nothing/here/")

    assert response.status_code == 404
    assert "This page does not exist" in response.content.decode()


def test_the_page_for_our_own_faults_asks_neither_the_database_nor_the_session(rf, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = server_error(rf.get("/"))

    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()
