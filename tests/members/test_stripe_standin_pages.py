"""The hosted card page: pick a test card, come back."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import include, path, reverse

from common import clock
from members import stripe_gateway
from members.models import StandinObject
from members.stripe_standin import cards
from tests.doubles.stripe_account import happened, make_subscriber, sdk

urlpatterns = [path("standin/", include("members.stripe_standin.urls"))]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def hosted():
    return stripe_gateway.create_card_session(
        customer_id=make_subscriber().customer,
        success_url="http://testserver/m/x/done/?session_id={CHECKOUT_SESSION_ID}",
        cancel_url="http://testserver/m/x/",
        key="k",
    )


def test_the_address_in_the_session_is_the_pages_own(hosted):
    assert hosted.url == "http://testserver" + reverse("standin:checkout", args=[hosted.id])


def test_every_test_card_is_offered_by_name_and_no_number_can_be_typed(client, hosted):
    page = client.get(hosted.url).content.decode()

    assert "Stripe stand-in" in page
    for card in cards.CARDS.values():
        assert f'value="{card.name}"' in page
        assert card.spaced in page
    assert 'type="text"' not in page
    assert 'href="http://testserver/m/x/"' in page


def test_a_good_card_completes_the_session_and_goes_back_with_its_id(client, hosted):
    before = len(happened())

    answer = client.post(hosted.url, {"card": "mastercard"})

    assert (answer.status_code, answer["Location"]) == (
        302,
        f"http://testserver/m/x/done/?session_id={hosted.id}",
    )
    session = stripe_gateway.fetch_card_session(hosted.id)
    card = sdk().payment_methods.retrieve(session.payment_method_id)
    assert (session.complete, card.customer, card.card.last4) == (True, session.customer_id, "4444")
    assert happened(since=before) == [
        "payment_method.attached",
        "setup_intent.succeeded",
        "checkout.session.completed",
    ]


@pytest.mark.parametrize("card", [card for card in cards.CARDS.values() if not card.saves], ids=lambda card: card.name)
def test_a_card_that_stripe_will_not_save_is_told_on_the_page_and_nothing_changes(client, hosted, card):
    before = StandinObject.objects.count()

    answer = client.post(hosted.url, {"card": card.name})

    assert answer.status_code == 422
    assert answer.context["refused"] == card.message
    assert f'value="{card.name}" checked' in answer.content.decode()
    assert StandinObject.objects.count() == before
    assert not stripe_gateway.fetch_card_session(hosted.id).complete


def test_after_a_refusal_another_card_can_be_tried(client, hosted):
    client.post(hosted.url, {"card": "lost_card"})

    assert client.post(hosted.url, {"card": "visa"}).status_code == 302


@pytest.mark.parametrize("chosen", ["", "no_such_card", "4242424242424242"])
def test_without_a_choice_the_page_asks_for_one(client, hosted, chosen):
    answer = client.post(hosted.url, {"card": chosen})

    assert answer.status_code == 422
    assert answer.context["refused"] == "Choose a card first."


def test_a_finished_session_saves_no_second_card(client, hosted):
    client.post(hosted.url, {"card": "visa"})
    before = StandinObject.objects.count()

    again = client.post(hosted.url, {"card": "visa"})

    assert "all done here" in again.content.decode()
    assert StandinObject.objects.count() == before


def test_a_session_runs_out_after_a_day(client, hosted, settings, tmp_path):
    settings.CLOCK_OFFSET_FILE = str(tmp_path / "offset")
    clock.advance(timedelta(hours=24, minutes=1))

    page = client.post(hosted.url, {"card": "visa"})

    assert "has expired" in page.content.decode()
    assert stripe_gateway.fetch_card_session(hosted.id).complete is False


def test_an_unknown_session_is_404(client):
    assert client.get("/standin/checkout/cs_test_unknown/").status_code == 404


def test_outside_the_demo_there_is_no_such_page(client, hosted, settings):
    settings.DEMO = False

    assert client.get(hosted.url).status_code == 404


def test_a_forged_post_from_elsewhere_is_refused(hosted):
    assert Client(enforce_csrf_checks=True).post(hosted.url, {"card": "visa"}).status_code == 403


def test_the_page_needs_no_inline_script_or_style(client, hosted):
    page = client.get(hosted.url).content.decode()

    assert "<script" not in page
    assert "<style" not in page
    assert "style=" not in page
