"""The pages behind a patient's link, `/m/<token>/`."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from common import clock, doors
from members import cards, links, stripe_gateway
from members.models import AuditEntry, Invoice, PatientLink, StandinObject, StandinReplay
from members.stripe_gateway import StripeUnavailable
from members.stripe_standin import playing
from members.views import patient_pages as pages
from tests import factories
from tests.doubles.stripe_account import make_failed_invoice, make_subscriber

pytestmark = pytest.mark.django_db
BOT = "WhatsApp/2.23 facebookexternalhit/1.1"


def past_due_member():
    """A membership whose renewal the stand-in has just declined; the invoice is mirrored."""
    subscriber, invoice_id = make_failed_invoice()
    membership = factories.make_membership(
        stripe_customer_id=subscriber.customer, stripe_subscription_id=subscriber.subscription, status="past_due"
    )
    Invoice.objects.create(
        membership=membership, stripe_id=invoice_id, status="open", amount_due_cents=19900,
        amount_remaining_cents=19900, currency="usd", issued_at=clock.now(), first_failed_at=clock.now(),
    )  # fmt: skip
    return membership


def link_to(membership, **fields) -> tuple[PatientLink, str]:
    """The link and its path."""
    values = {"purpose": "update_card", "now": clock.now(), "invoice": membership.invoices.first(), **fields}
    link = links.issue(membership=membership, **values)
    return link, links.url(link).removeprefix("http://testserver")


def sessions() -> int:
    return StandinObject.objects.filter(kind="checkout.session").count()


def invoice_status(membership) -> str:
    return StandinObject.objects.get(pk=membership.invoices.get().stripe_id).body["status"]


def test_the_address_is_the_one_that_texts_carry():
    path = reverse("members:link", args=["abc"])

    assert path == doors.PATIENT_LINK.format(token="abc")


def test_the_page_names_the_practice_and_the_amount_and_nothing_of_the_patient(client):
    membership = past_due_member()
    _, path = link_to(membership)

    page = client.get(path).content.decode()

    assert "Glow Theory" in page
    assert "$199.00" in page
    for private in (membership.patient.first_name, membership.patient.last_name, "Facial", membership.plan.name + " "):
        assert private not in page.replace("Glow Theory", "")


def test_no_amount_is_shown_when_nothing_is_due(client):
    _, path = link_to(factories.make_membership(), invoice=None)

    page = client.get(path).content.decode()

    assert "Nothing is due now" in page
    assert "$" not in page


def test_bots_that_fetch_the_address_change_nothing(client):
    """R152: five GETs by a link preview create no session and leave no trace."""
    link, path = link_to(past_due_member())

    answers = [client.get(path, headers={"User-Agent": BOT}).status_code for _ in range(5)]
    client.head(path)

    assert answers == [200] * 5
    assert sessions() == 0
    assert not AuditEntry.objects.exists()
    assert PatientLink.objects.get(pk=link.pk).session_id == ""


def test_the_address_stays_out_of_caches_search_engines_and_other_sites(client):
    _, path = link_to(past_due_member())

    headers = client.get(path).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "noindex" in headers["X-Robots-Tag"]


def test_the_button_makes_a_hosted_session_at_that_moment(client):
    """R151."""
    link, path = link_to(past_due_member())

    response = client.post(path)

    assert response.status_code == 302
    assert sessions() == 1
    assert PatientLink.objects.get(pk=link.pk).session_id in response.headers["Location"]
    assert response.headers["Cache-Control"] == "no-store"


def test_the_button_needs_its_csrf_token():
    _, path = link_to(past_due_member())

    response = Client(enforce_csrf_checks=True).post(path)

    assert response.status_code == 403
    assert sessions() == 0


def come_back(client, path, card="visa"):
    hosted = client.post(path).headers["Location"].removeprefix("http://testserver")
    back = client.post(hosted, {"card": card}).headers["Location"].removeprefix("http://testserver")
    return back, client.get(back)


def test_a_good_card_pays_the_open_invoice_and_says_thank_you(client):
    membership = past_due_member()
    _, path = link_to(membership)

    _, page = come_back(client, path)

    assert "Your payment went through" in page.content.decode()
    assert invoice_status(membership) == "paid"


def test_reloading_the_thank_you_page_charges_nothing_again(client):
    membership = past_due_member()
    _, path = link_to(membership)
    back, _ = come_back(client, path)
    charged = StandinObject.objects.filter(kind="event", body__type="invoice.paid").count()

    again = client.get(back)

    assert again.status_code == 200
    assert "Thank you" in again.content.decode()
    assert StandinObject.objects.filter(kind="event", body__type="invoice.paid").count() == charged


def test_a_tab_reloaded_days_later_does_not_bring_the_old_card_back(client, monkeypatch):
    """Stripe forgets idempotency keys after a day, so a repeat would then be a new act (R145)."""
    membership = past_due_member()
    _, path = link_to(membership)
    back, _ = come_back(client, path)
    newer = playing.give_card(membership.stripe_customer_id, "mastercard", now=clock.now())
    StandinReplay.objects.all().delete()  # as Stripe does
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)

    again = client.get(back)

    assert "Thank you" in again.content.decode()
    assert stripe_gateway.fetch_card(membership.stripe_subscription_id).payment_method_id == newer


def test_after_a_declined_card_the_next_click_opens_a_fresh_page_also_within_the_minute(client):
    membership = past_due_member()
    link, path = link_to(membership)
    come_back(client, path, card="fails_when_charged")
    link.refresh_from_db()
    used = link.session_id

    _, page = come_back(client, path)

    link.refresh_from_db()
    assert link.session_id != used
    assert "Your payment went through" in page.content.decode()
    assert invoice_status(membership) == "paid"


def test_a_double_click_opens_one_hosted_page(client):
    _, path = link_to(past_due_member())

    first, second = client.post(path), client.post(path)

    assert first.headers["Location"] == second.headers["Location"]
    assert sessions() == 1


def test_a_card_that_is_declined_offers_to_try_another_and_never_says_why(client):
    membership = past_due_member()
    _, path = link_to(membership)

    _, page = come_back(client, path, card="fails_when_charged")

    assert "This card was declined" in page.content.decode()
    assert "Try another card" in page.content.decode()
    assert "generic" not in page.content.decode()  # R140
    assert invoice_status(membership) == "open"


def test_coming_back_before_the_end_charges_nothing(client):
    membership = past_due_member()
    link, path = link_to(membership)
    client.post(path)
    link.refresh_from_db()

    page = client.get(f"{path}done/", {"session_id": link.session_id})

    assert "The card was not saved yet" in page.content.decode()
    assert invoice_status(membership) == "open"


def test_another_patients_session_pays_nothing_here(client):
    """A finished session of someone else, pasted into one's own address."""
    mine, theirs = past_due_member(), past_due_member()
    _, my_path = link_to(mine)
    their_link, their_path = link_to(theirs)
    client.post(my_path)
    hosted = client.post(their_path).headers["Location"].removeprefix("http://testserver")
    client.post(hosted, {"card": "visa"})
    their_link.refresh_from_db()

    page = client.get(f"{my_path}done/", {"session_id": their_link.session_id})

    assert "not saved yet" in page.content.decode()
    assert invoice_status(mine) == invoice_status(theirs) == "open"


@pytest.mark.parametrize("session_id", ["", "cs_made_up", "'; drop table", "x" * 300])
def test_a_made_up_session_leads_back_to_the_start(client, session_id):
    _, path = link_to(past_due_member())
    client.post(path)

    response = client.get(f"{path}done/", {"session_id": session_id})

    assert response.status_code == 302
    assert response.headers["Location"] == path


def test_the_return_does_nothing_before_the_button_was_pressed(client):
    _, path = link_to(past_due_member())

    response = client.get(f"{path}done/", {"session_id": "cs_x"})

    assert response.headers["Location"] == path


def test_a_finished_link_says_so(client):
    membership = past_due_member()
    _, path = link_to(membership)
    come_back(client, path)
    membership.invoices.update(status="paid", amount_remaining_cents=0)

    page = client.get(path).content.decode()

    assert "Your card is up to date" in page


@pytest.mark.parametrize("path", ["/m/forged/", "/m/forged/done/?session_id=cs_1", "/m/" + "A" * 27 + "/"])
def test_a_forged_link_is_not_found_and_tells_whom_to_call(client, path):
    factories.make_practice()

    response = client.get(path)

    assert response.status_code == 404
    assert 'href="tel:+15125550100"' in response.content.decode()


def test_an_expired_or_revoked_link_is_gone_and_tells_whom_to_call(client):
    membership = past_due_member()
    _, old = link_to(membership, now=clock.now() - timedelta(days=8))
    revoked, path = link_to(membership)
    links.revoke(link=revoked, now=clock.now())

    answers = [client.get(old), client.get(path), client.post(path)]

    assert [answer.status_code for answer in answers] == [410, 410, 410]
    assert "Call (512) 555-0100" in answers[0].content.decode()
    assert sessions() == 0


def test_a_membership_that_has_ended_takes_no_card_and_tells_whom_to_call(client):
    """Stripe lets nobody change an ended subscription: the card would be taken, and the page would only come again."""
    membership = past_due_member()
    _, path = link_to(membership)
    membership.status = "cancelled"
    membership.save()

    page = client.post(path)

    assert page.status_code == 409
    assert "has ended" in page.content.decode()
    assert sessions() == 0


def test_a_membership_that_stripe_does_not_know_is_told_to_call(client):
    membership = factories.make_membership(stripe_customer_id="")
    _, path = link_to(membership, invoice=None)

    response = client.post(path)

    assert response.status_code == 409
    assert "Please call us" in response.content.decode()


def test_when_stripe_cannot_be_reached_the_page_says_so_and_nothing_is_lost(client, monkeypatch):
    _, path = link_to(past_due_member())
    monkeypatch.setattr(cards, "start_update", refuse)

    response = client.post(path)

    assert response.status_code == 503
    assert "cannot be reached just now" in response.content.decode()


def refuse(**_):
    raise StripeUnavailable("no answer")


def test_one_caller_may_not_knock_for_ever(client):
    """R152."""
    factories.make_practice()

    answers = [client.get("/m/forged/").status_code for _ in range(pages.KNOCKS_A_MINUTE + 1)]

    assert answers[-2:] == [404, 429]


def test_guessing_many_addresses_is_stopped_too(client):
    factories.make_practice()

    answers = [client.get(f"/m/guess{number}/").status_code for number in range(4 * pages.KNOCKS_A_MINUTE + 1)]

    assert answers[-2:] == [404, 429]


def test_a_new_card_when_nothing_is_due_is_saved(client):
    subscriber = make_subscriber()
    playing.give_card(subscriber.customer, "visa", now=clock.now())
    membership = factories.make_membership(
        stripe_customer_id=subscriber.customer, stripe_subscription_id=subscriber.subscription
    )
    _, path = link_to(membership, invoice=None)

    _, page = come_back(client, path, card="mastercard")

    assert "Your new card is saved" in page.content.decode()
