"""The demo's main story in a real browser: a payment fails, the member mends it on the phone, staff see all of it."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from medspa import ticking
from members import credits
from members.models import Membership
from outreach import playbooks
from tests import factories
from tests.conftest import run_queued_tasks
from tests.doubles.subscribed import subscribed_member

pytestmark = [pytest.mark.usefixtures("texting_hours"), pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def work(rounds: int = 3) -> None:
    """What worker and ticker do meanwhile."""
    for number in range(rounds):
        run_queued_tasks()
        ticking.tick(now=factories.NOON + timedelta(seconds=number))


def sign_in(page: Page, site: str) -> None:
    page.goto(f"{site}/login/")
    page.get_by_label("E-mail").fill("dana@glowtheory.example")
    page.get_by_label("Password").fill("correct-horse-9")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dana")


@pytest.mark.parametrize("page", [390, 1440], indirect=True)
def test_a_failed_payment_is_recovered_and_staff_see_the_whole_story(page: Page, site: str):
    playbooks.install()
    factories.make_staff()
    membership = subscribed_member()
    handset = f"{site}/phonebook/{membership.patient.phone}/"

    page.goto(handset)
    page.get_by_role("button", name="Fail the payment").click()
    work()
    page.goto(handset)
    link = page.get_by_role("log").get_by_role("link")
    expect(link).to_have_count(1)

    page.goto(link.get_attribute("href") or "")
    expect(page.get_by_text("$199.00")).to_be_visible()
    page.get_by_role("button", name="Enter a new card").click()
    page.get_by_label(re.compile("4242 4242 4242 4242")).check()
    page.get_by_role("button", name="Save card").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("thank", re.IGNORECASE))

    work()
    page.goto(handset)
    expect(page.get_by_role("log").locator(".theirs")).to_have_count(2)
    membership.refresh_from_db()
    assert membership.status == Membership.Status.ACTIVE

    sign_in(page, site)
    page.goto(f"{site}/members/{membership.patient_id}/")
    expect(page.get_by_role("heading", name="Ana Ortiz")).to_be_visible()
    timeline = page.get_by_role("main")
    for fact in ("Paid", "[secure link]", "Delivered"):
        expect(timeline.get_by_text(fact).first).to_be_visible()
    page.goto(f"{site}/members/{membership.patient_id}/?show=audit")
    expect(page.get_by_role("main")).to_contain_text("Card updated")


def test_a_question_is_answered_and_the_offered_time_is_booked(page: Page, site: str):
    playbooks.install()
    membership = factories.make_membership()
    facial = factories.make_service()
    factories.make_provider(membership.location, facial)
    credits.grant(
        membership=membership,
        service=facial,
        quantity=1,
        key="invoice:in_1",
        expires_at=factories.NOON + timedelta(days=40),
        actor="stripe",
        reason="Paid period",
        now=factories.NOON - timedelta(days=1),
    )
    page.goto(f"{site}/phonebook/{membership.patient.phone}/")

    for sent, text in enumerate(("Do I still have my facial credit?", "1"), start=1):
        page.get_by_label("Text message").fill(text)
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("log").locator(".mine")).to_have_count(sent)
        work()
    page.reload()

    answers = page.get_by_role("log").locator(".theirs")
    expect(answers.first).to_contain_text("1 Signature Facial credit")
    assert membership.patient.visits.filter(status="booked").count() == 1
