"""What staff do all day, in a real browser: the desk's and the owner's stories from issue to done."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Page, expect

from concierge import conversations
from medspa import ticking
from members import escalations, metric_snapshots
from members.models import Patient, Practice, StaffUser
from outreach import playbooks
from outreach.models import Enrolment, Message, Sequence
from tests import factories
from tests.concierge.conftest import receive
from tests.conftest import run_queued_tasks
from tests.doubles.offers import sold_plan
from tests.doubles.subscribed import subscribed_member
from tests.factories import NOON

pytestmark = [pytest.mark.usefixtures("texting_hours"), pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def desk(page: Page, site: str) -> Page:
    """The tab, which says yes to what it is asked, with `sign_in_as` a member of staff as its door."""
    page.on("dialog", lambda question: question.accept())
    page.set_default_timeout(20_000)
    return page


def sign_in_as(page: Page, site: str, staff: StaffUser) -> None:
    """Signing in by its form is a story of its own below; the others begin behind it."""
    client = Client()
    client.force_login(staff)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])


def waiting_patient(words: str = "Can somebody call me?") -> Patient:
    """A patient who texted, and whose case waits for a person."""
    patient = factories.make_membership().patient
    text = receive(patient.phone, words, now=NOON - timedelta(minutes=5))
    conversations.heard(text)
    escalations.open(reason="human", summary=words, patient=patient, phone=patient.phone, now=NOON)
    return patient


def test_an_escalation_is_found_claimed_answered_and_resolved(desk: Page, site: str):
    patient = waiting_patient()
    sign_in_as(desk, site, factories.make_staff())

    desk.goto(f"{site}/escalations/")
    desk.get_by_role("main").get_by_role("link", name="Ana Ortiz").first.click()
    desk.get_by_role("button", name="Claim").click()
    expect(desk.get_by_label("The case")).to_contain_text("with you")
    desk.get_by_label("Your reply").fill("Hi Ana, I can call you at two. Dana")
    expect(desk.locator("#segments")).to_contain_text("1 text")
    desk.get_by_role("button", name="Send text").click()
    expect(desk.get_by_role("region", name="Texts, oldest first")).to_contain_text("I can call you at two")
    desk.get_by_label("How did it end?").select_option(label="Answered")
    desk.get_by_role("button", name="Resolve").click()

    expect(desk.get_by_text("Case resolved.")).to_be_visible()
    run_queued_tasks()
    assert Message.objects.get(kind="staff").status in ("sent", "delivered")
    assert not patient.escalations.exclude(state="resolved").exists()


def test_a_conversation_is_taken_over_answered_by_hand_and_released(desk: Page, site: str):
    patient = waiting_patient("Is the gift card still good?")
    sign_in_as(desk, site, factories.make_staff())

    desk.goto(f"{site}/conversations/")
    desk.get_by_role("main").get_by_role("link", name="Ana Ortiz").first.click()
    desk.get_by_role("button", name="Take over").click()
    expect(desk.get_by_text("You answer; automatic answers are off.")).to_be_visible()
    held = receive(patient.phone, "What are your hours?", now=NOON)
    run_queued_tasks()
    assert not Message.objects.filter(direction="out").exists(), "the concierge spoke while a person held the pen"
    desk.get_by_role("button", name="Release").click()

    expect(desk.get_by_text("The concierge answers.")).to_be_visible()
    assert held.patient == patient


@pytest.mark.parametrize("page", [1440], indirect=True)
def test_a_plan_is_changed_after_its_terms_were_read_out(desk: Page, site: str):
    membership = subscribed_member()
    sold_plan("Radiance", cents=29900)
    sign_in_as(desk, site, factories.make_staff())

    desk.goto(f"{site}/members/{membership.patient_id}/")
    desk.get_by_role("link", name="Change plan").click()
    desk.get_by_label("Radiance").check()
    desk.get_by_role("button", name="See the terms").click()
    expect(desk.get_by_role("heading", name="Read these terms to the patient")).to_be_visible()
    expect(desk.get_by_role("main")).to_contain_text("$299.00")
    desk.get_by_label("The patient agreed at the desk").check()
    desk.get_by_role("button", name="Upgrade now").click()

    expect(desk.get_by_text("Done: Change plan.")).to_be_visible()
    run_queued_tasks()
    desk.reload()
    expect(desk.get_by_role("main")).to_contain_text("Radiance")
    membership.refresh_from_db()
    assert membership.plan.name == "Radiance"


@pytest.mark.parametrize("page", [1440], indirect=True)
def test_a_sequence_is_edited_and_the_dry_run_says_the_new_words(desk: Page, site: str):
    playbooks.install()
    Sequence.objects.update(holdout_percent=0)
    factories.make_membership(credits_remaining=2, last_visit_at=NOON - timedelta(days=9))
    sign_in_as(desk, site, factories.make_staff(role="owner"))
    new = "{practice}: Hi {first_name}, your {credits} wait for you. Reply STOP to opt out."

    def dry_run() -> None:
        desk.goto(f"{site}/cadence/")
        monday = desk.get_by_role("region", name="Monday")
        monday.get_by_role("button", name="Dry run").click()
        expect(desk.get_by_role("heading", name="1 to write to")).to_be_visible()

    dry_run()
    expect(desk.get_by_role("main")).not_to_contain_text("wait for you")
    desk.goto(f"{site}/sequences/utilization/edit/")
    first = desk.get_by_role("region", name="Step 1")
    first.get_by_label("English", exact=True).fill(new)
    expect(first.locator("[aria-live]")).to_contain_text("wait for you")
    desk.get_by_label("What did you change?").fill("Warmer")
    desk.get_by_role("button", name="Save as a draft").click()
    desk.get_by_role("button", name="Put live").click()
    expect(desk.get_by_text("is live for everybody")).to_be_visible()
    dry_run()

    expect(desk.get_by_role("main")).to_contain_text("wait for you")
    assert not Enrolment.objects.exists()


def test_monday_is_run_once_and_its_texts_go_out(desk: Page, site: str):
    playbooks.install()
    Sequence.objects.update(holdout_percent=0)
    membership = factories.make_membership(credits_remaining=2, last_visit_at=NOON - timedelta(days=9))
    factories.make_membership(factories.make_patient("Lena"), credits_remaining=0)
    sign_in_as(desk, site, factories.make_staff(role="manager"))

    desk.goto(f"{site}/cadence/")
    desk.get_by_role("region", name="Monday").get_by_role("button", name="Dry run").click()
    expect(desk.get_by_role("heading", name="1 to write to")).to_be_visible()
    expect(desk.get_by_role("region", name="not, and why")).to_contain_text("Lena")
    desk.get_by_role("button", name="Run now").click()

    expect(desk.get_by_text("1 member was enrolled.")).to_be_visible()
    expect(desk.get_by_role("button", name="Run now")).to_have_count(0)
    ticking.tick(now=NOON)
    run_queued_tasks()
    assert Message.objects.get(direction="out").address == membership.patient.phone


def test_a_file_of_patients_is_checked_confirmed_and_in(desk: Page, site: str):
    factories.make_location()
    sign_in_as(desk, site, factories.make_staff(role="owner"))
    file = "id,first name,last name,mobile,location\np1,Ana,Ortiz,(512) 555-0123,austin\np2,Bea,Ortiz,911,austin\n"

    desk.goto(f"{site}/imports/")
    desk.get_by_label("What is in the file?").select_option("patients")
    desk.get_by_label("CSV file").set_input_files(
        {"name": "clients.csv", "mimeType": "text/csv", "buffer": file.encode()}
    )
    desk.get_by_role("button", name="Check the file").click()
    expect(desk.get_by_role("progressbar")).to_be_visible()
    run_queued_tasks()
    expect(desk.get_by_text("Line 3")).to_be_visible()
    desk.get_by_role("button", name="Import 1 row").click()
    expect(desk.get_by_role("progressbar")).to_be_visible()
    run_queued_tasks()

    expect(desk.get_by_text("The refused rows stayed out.")).to_be_visible()
    assert [patient.first_name for patient in Patient.objects.all()] == ["Ana"]


@pytest.mark.parametrize("page", [1440], indirect=True)
def test_a_number_of_the_metrics_is_read_and_opened_down_to_its_rows(desk: Page, site: str):
    factories.make_membership(factories.make_patient("Lena", "Quillon"))
    metric_snapshots.recompute(month=NOON.date().replace(day=1), now=NOON)
    sign_in_as(desk, site, factories.make_staff(role="owner"))

    desk.goto(f"{site}/metrics/")
    revenue = desk.get_by_role("region", name="Monthly recurring revenue")
    expect(revenue.get_by_role("img")).to_be_visible()
    revenue.get_by_text("Table").click()
    expect(revenue.get_by_role("table")).to_contain_text("$199")
    revenue.get_by_role("link", name="open the rows").click()

    expect(desk.get_by_role("heading", level=1)).to_contain_text("Monthly recurring revenue")
    desk.get_by_role("main").get_by_role("link", name="Lena Quillon").first.click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("Lena Quillon")


@pytest.mark.parametrize("page", [1440], indirect=True)
def test_an_owner_goes_from_an_empty_database_to_going_live(desk: Page, site: str, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct-horse-9")
    call_command("createsuperuser", "--noinput", "--email=owner@glowtheory.example", verbosity=0)

    desk.goto(site)
    desk.get_by_label("E-mail").fill("owner@glowtheory.example")
    desk.get_by_label("Password").fill("correct-horse-9")
    desk.get_by_role("button", name="Sign in").click()
    desk.goto(f"{site}/settings/")
    desk.get_by_role("main").get_by_role("link", name="The practice").click()
    fill(
        desk,
        {"Name as patients": "Glow", "Legal name": "Glow LLC", "Phone": "512 555 0100", "E-mail": "hi@glow.example"},
    )
    desk.get_by_role("button", name="Save").click()

    desk.goto(f"{site}/settings/locations/new/")
    fill(desk, {"Name": "Austin", "Street": "1 Congress Ave", "City": "Austin", "ZIP code": "78701"})
    fill(desk, {"Phone": "512 555 0100", "Monday opens": "09:00", "Monday closes": "18:00"})
    desk.get_by_label("State").select_option("TX")
    desk.get_by_role("button", name="Save").click()
    desk.goto(f"{site}/settings/services/new/")
    fill(desk, {"Name": "Facial", "Category": "Facials", "Minutes": "60", "Price in dollars": "189"})
    desk.get_by_role("button", name="Save").click()
    desk.goto(f"{site}/plans/new/")
    fill(desk, {"Name of the plan": "Glow", "Rank": "1", "Price, $": "199", "Credits a period": "1"})
    desk.get_by_label("For any of").select_option(label="Facial")
    desk.get_by_role("button", name="Make the plan").click()
    expect(desk.get_by_text("Glow, version 1 is made.")).to_be_visible()
    desk.get_by_role("link", name="Make or choose the price").click()
    desk.get_by_role("button", name="Make it at Stripe").click()
    expect(desk.get_by_text("The price is set: the plan can be charged.")).to_be_visible()

    desk.goto(f"{site}/settings/on-call/")
    fill(desk, {"Name": "Riley Stone", "Phone": "512 555 0191"})
    desk.get_by_role("button", name="Add").click()
    desk.goto(f"{site}/settings/agreements/")
    for vendor in ("hosting", "backups", "texting", "email"):
        desk.locator("[name=vendor]").select_option(vendor)
        fill(desk, {"Name": "Acme", "Signed": "2026-01-05"})
        desk.get_by_role("button", name="Add").click()
    ticking.tick(now=NOON)
    desk.goto(f"{site}/settings/go-live/")
    desk.get_by_role("button", name="Go live").click()
    expect(desk.get_by_text("Still missing")).to_be_visible()
    while desk.get_by_role("button", name="I answer for this").count():
        desk.get_by_role("button", name="I answer for this").first.click()
    desk.get_by_role("button", name="Go live").click()

    expect(desk.get_by_role("heading", name="You are live")).to_be_visible()
    assert Practice.current().live_since == NOON


def fill(page: Page, values: dict[str, str]) -> None:
    for label, value in values.items():
        page.get_by_role("main").get_by_label(label).first.fill(value)
