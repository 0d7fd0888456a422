"""The phonebook pages: what a patient sees and types, and the demo's buttons."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

import medspa.urls  # noqa: F401  (mounts by DEMO: read before a test turns it off)
from common import clock
from common.errors import Refused
from medspa.demo import acts, handsets
from members.models import Membership, StandinObject
from members.stripe_standin import building
from outreach.models import HandsetText
from tests import factories

pytestmark = pytest.mark.django_db

NUMBER = "+15125550142"
JUNE = datetime(2026, 6, 16, 16, 0, tzinfo=UTC)


@pytest.fixture
def member():
    patient = factories.make_patient("Maya", "Bennett", phone=NUMBER)
    return factories.make_membership(patient, credits_remaining=2)


@pytest.fixture
def charged(member):
    """The same member in the Stripe stand-in, with a good card."""
    price = building.price(member.plan_version.stripe_price_id, product="prod_1", unit_amount=19900, created=JUNE)
    bodies = [
        building.product("prod_1", name="Glow", created=JUNE),
        price,
        building.customer(member.stripe_customer_id, created=JUNE, default_payment_method="pm_1"),
        building.payment_method("pm_1", customer=member.stripe_customer_id, created=JUNE),
        building.subscription(
            member.stripe_subscription_id,
            customer=member.stripe_customer_id,
            price=price,
            created=JUNE,
            period_start=JUNE,
            period_end=JUNE + timedelta(days=30),
            default_payment_method="pm_1",
        ),
    ]
    StandinObject.objects.bulk_create(building.rows(*bodies))
    return member


def text(body: str, *, from_handset: bool = False, status: str = "delivered", minutes: int = 0) -> HandsetText:
    return HandsetText.objects.create(
        sid=f"SM{HandsetText.objects.count():032d}",
        handset=NUMBER,
        from_handset=from_handset,
        body=body,
        status=status,
        created_at=JUNE + timedelta(minutes=minutes),
    )


def invoices() -> list[dict]:
    return list(StandinObject.objects.filter(kind="invoice").order_by("created_at").values_list("body", flat=True))


def test_the_pages_do_not_exist_outside_the_demo(client, settings, member):
    settings.DEMO = settings.DEBUG = False

    for address in ("/phonebook/", f"/phonebook/{NUMBER}/", f"/phonebook/{NUMBER}/thread/"):
        assert client.get(address).status_code == 404
    for address in (f"/phonebook/{NUMBER}/text/", f"/phonebook/{NUMBER}/charge/", "/phonebook/clock/"):
        assert client.post(address).status_code == 404


def test_the_list_shows_who_has_a_phone(client, member):
    page = client.get(reverse("demo:phonebook")).content.decode()

    assert "Maya Bennett" in page
    assert "(512) 555-0142" in page
    assert "2 credits" in page


def test_an_empty_phonebook_is_a_page_too(client, db):
    assert "No phone matches" in client.get("/phonebook/").content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=maya", True),
        ("q=bennett+maya", True),
        ("q=555-0142", True),
        ("q=%28512%29+555-0142", True),
        ("q=ortiz", False),
        ("q=%25", False),
        ("show=unused", True),
        ("show=past_due", False),
        ("show=spanish", False),
        ("show=stopped", False),
        ("show=nonsense", True),
        ("page=99", True),
    ],
)
def test_the_list_can_be_searched_and_filtered(client, member, query, found):
    page = client.get(f"/phonebook/?{query}").content.decode()

    assert ("Maya Bennett" in page.split('id="phones"')[1].split("book-more")[0]) is found


def test_the_filters_find_whom_they_name(client):
    owing = factories.make_membership(factories.make_patient("Renee", "Clark"), status=Membership.Status.PAST_DUE)
    booked = factories.make_membership(
        factories.make_patient("Ida", "Bell"),
        credits_remaining=1,
        next_appointment_at=clock.now() + timedelta(days=3),
    )
    now = clock.now()

    past_due = handsets.phonebook(chosen="past_due", search="", now=now)
    unused = handsets.phonebook(chosen="unused", search="", now=now)

    assert [phone.patient for phone in past_due] == [owing.patient]
    assert booked.patient not in [phone.patient for phone in unused]


def test_a_search_by_htmx_gets_the_list_alone(client, member):
    page = client.get("/phonebook/?q=maya", headers={"HX-Request": "true"}).content.decode()

    assert "Maya Bennett" in page
    assert "<html" not in page


def test_the_handset_shows_the_thread_with_links_that_can_be_tapped(client, member):
    text("Update your card: http://testserver/m/abc-DEF_123/ Reply STOP to opt out.")
    text("<b>Thanks!</b>", from_handset=True, minutes=1)

    page = client.get(f"/phonebook/{NUMBER}/").content.decode()

    assert '<a href="http://testserver/m/abc-DEF_123/" target="_blank" rel="noopener">' in page
    assert "&lt;b&gt;Thanks!&lt;/b&gt;" in page
    assert page.index("Update your card") < page.index("Thanks!")
    assert "11:00 am" in page  # the patient's clock, Austin


def test_a_full_stop_after_a_link_is_not_part_of_it():
    pieces = list(handsets._pieces("See http://testserver/m/abc/. Thanks"))

    assert [piece.url for piece in pieces] == ["", "http://testserver/m/abc/", ""]
    assert "".join(piece.text for piece in pieces) == "See http://testserver/m/abc/. Thanks"


def test_the_thread_is_only_sent_again_when_it_looks_different(client, member):
    first = text("Hello", status="queued")
    seen = client.get(f"/phonebook/{NUMBER}/").context["seen"]
    assert client.get(f"/phonebook/{NUMBER}/thread/", {"seen": seen}).status_code == 204

    HandsetText.objects.filter(pk=first.pk).update(status="delivered")

    again = client.get(f"/phonebook/{NUMBER}/thread/", {"seen": seen})
    assert again.status_code == 200
    assert "✓✓" in again.content.decode()


def test_a_number_that_nobody_has_can_be_used(client, db):
    answer = client.get("/phonebook/find/", {"number": "(512) 555-0199"})

    assert answer.url == "/phonebook/+15125550199/"
    assert "nobody" in client.get(answer.url).content.decode()


@pytest.mark.parametrize("number", ["hello", "+442071838750", "911", ""])
def test_what_is_no_us_number_is_refused_in_words(client, db, number):
    answer = client.get("/phonebook/find/", {"number": number}, follow=True)

    assert answer.redirect_chain == [("/phonebook/", 302)]
    assert "alert-danger" in answer.content.decode()
    assert client.get("/phonebook/not-a-number/").status_code == 404


def test_two_people_on_one_number_are_both_named(client, member):
    factories.make_patient("Ben", "Bennett", phone=NUMBER)

    page = client.get(f"/phonebook/{NUMBER}/").content.decode()

    assert "shared by 2 patients" in page


def test_typing_a_text_reaches_the_inbound_webhook(client, member):
    client.post(f"/phonebook/{NUMBER}/text/", {"body": "Do I still have my facial credit?"})

    sent = HandsetText.objects.get(from_handset=True)
    assert sent.body == "Do I still have my facial credit?"
    assert sent.status == "delivered"


def test_stop_typed_on_the_phone_turns_texts_off_everywhere(client, member):
    """R60, R61: the carrier confirms once, and our own list knows it too."""
    from members import consent

    client.post(f"/phonebook/{NUMBER}/text/", {"body": "STOP"})

    assert consent.is_opted_out(NUMBER, channel="sms")
    page = client.get(f"/phonebook/{NUMBER}/").content.decode()
    assert "texted STOP" in page
    assert HandsetText.objects.filter(handset=NUMBER, from_handset=False).count() == 1


def test_an_empty_text_is_not_sent(client, member):
    client.post(f"/phonebook/{NUMBER}/text/", {"body": "   "})

    assert not HandsetText.objects.exists()


def test_by_htmx_the_phone_comes_back_with_the_text_on_it(client, member):
    answer = client.post(f"/phonebook/{NUMBER}/text/", {"body": "Hi!"}, headers={"HX-Request": "true"})

    assert "Hi!" in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_a_failed_payment_leaves_an_open_invoice_at_stripe(client, charged):
    answer = client.post(
        f"/phonebook/{NUMBER}/charge/", {"membership": charged.pk, "card": "insufficient_funds"}, follow=True
    )

    assert "refused" in answer.content.decode()
    [invoice] = invoices()
    assert (invoice["status"], invoice["attempt_count"]) == ("open", 1)


def test_charging_again_tries_the_open_invoice_instead_of_billing_another_period(charged):
    now = clock.now()
    acts.charge(membership=charged, card_name="insufficient_funds", now=now)

    acts.charge(membership=charged, card_name="visa", now=now + timedelta(minutes=1))

    assert [invoice["status"] for invoice in invoices()] == ["paid"]


def test_a_renewal_can_succeed(charged):
    said = acts.charge(membership=charged, card_name="visa", now=clock.now())

    assert "went through" in said
    assert [invoice["status"] for invoice in invoices()] == ["paid"]


def test_a_membership_that_ended_is_not_charged(client, charged):
    Membership.objects.filter(pk=charged.pk).update(status="cancelled")

    client.post(f"/phonebook/{NUMBER}/charge/", {"membership": charged.pk, "card": "visa"})

    assert invoices() == []


@pytest.mark.parametrize("card", ["", "no_such_card"])
def test_an_unknown_card_is_refused(charged, card):
    with pytest.raises(Refused, match="no such test card"):
        acts.charge(membership=charged, card_name=card, now=clock.now())


def test_a_member_whom_the_stand_in_does_not_know_is_refused_in_words(client, member):
    answer = client.post(f"/phonebook/{NUMBER}/charge/", {"membership": member.pk, "card": "visa"}, follow=True)

    assert "The Stripe stand-in refused" in answer.content.decode()


def test_another_phones_membership_cannot_be_charged_from_here(client, charged):
    other = factories.make_membership(factories.make_patient("Ida", "Bell", phone="+15125550143"))

    assert client.post(f"/phonebook/{NUMBER}/charge/", {"membership": other.pk, "card": "visa"}).status_code == 404
    assert client.get(f"/phonebook/{NUMBER}/standing/{other.pk}/").status_code == 404


@pytest.mark.parametrize("membership", ["", "abc", "-1", "9" * 40])
def test_a_membership_that_is_no_number_is_not_found(client, charged, membership):
    answer = client.post(f"/phonebook/{NUMBER}/charge/", {"membership": membership, "card": "visa"})

    assert answer.status_code == 404


def test_odd_characters_break_nothing(client, member):
    client.post(f"/phonebook/{NUMBER}/text/", {"body": "hi\x00 there ✨"})

    assert HandsetText.objects.get(from_handset=True).body == "hi there ✨"
    assert client.get("/phonebook/", {"q": "a\x00b"}).status_code == 200


def test_the_facts_beside_the_phone_are_fetched_alone(client, member):
    page = client.get(f"/phonebook/{NUMBER}/standing/{member.pk}/").content.decode()

    assert "2 unused" in page
    assert "<html" not in page


@pytest.fixture
def moving_clock(settings, tmp_path):
    settings.CLOCK_OFFSET_FILE = str(tmp_path / "offset")


def test_the_clock_moves_forward_by_an_hour_or_a_day(client, moving_clock):
    client.post("/phonebook/clock/", {"by": "hour"})
    client.post("/phonebook/clock/", {"by": "day", "back": f"/phonebook/{NUMBER}/"})

    assert clock.offset() == timedelta(hours=25)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 6, 16, 3, 0, tzinfo=UTC), datetime(2026, 6, 16, 14, 0, tzinfo=UTC)),  # 10 pm -> 9 am
        (datetime(2026, 6, 16, 14, 0, tzinfo=UTC), datetime(2026, 6, 17, 14, 0, tzinfo=UTC)),  # 9 am -> tomorrow
        (datetime(2026, 10, 31, 20, 0, tzinfo=UTC), datetime(2026, 11, 1, 15, 0, tzinfo=UTC)),  # clocks go back
    ],
)
def test_to_9_am_is_9_am_on_the_practices_own_clock(moving_clock, now, expected):
    factories.make_location()

    acts.advance(by="nine", now=now)

    assert now + clock.offset() == expected


def test_the_clock_refuses_other_words_and_other_sites(client, moving_clock):
    answer = client.post("/phonebook/clock/", {"by": "year", "back": "https://evil.example/"})

    assert clock.offset() == timedelta()
    assert answer.url == "/phonebook/"
