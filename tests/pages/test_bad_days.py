"""What the portal does when something is in the way: no script, no connection, an ended session, a wrong address."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, Route, expect

from concierge import conversations
from members import escalations
from members.models import Escalation
from outreach.models import Message
from tests import factories
from tests.concierge.conftest import receive
from tests.factories import NOON

browser_story = pytest.mark.browser
pytestmark = [pytest.mark.usefixtures("texting_hours"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def tab(browser: Browser, site: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Signed in as the desk, at a desk's width; `indirect` options go to the browser's context."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, **getattr(request, "param", {}))
    client = Client()
    client.force_login(factories.make_staff())
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def talk(first: str, *, minutes: int = 5) -> conversations.Conversation:
    patient = factories.make_membership(factories.make_patient(first)).patient
    return conversations.heard(receive(patient.phone, "Hello?", now=NOON - timedelta(minutes=minutes)))


@browser_story
@pytest.mark.parametrize("tab", [{"java_script_enabled": False}], indirect=True)
def test_a_case_is_claimed_answered_and_resolved_without_javascript(tab: Page, site: str):
    patient = talk("Ana").patient
    case = escalations.open(reason="human", summary="Call me.", patient=patient, phone=patient.phone, now=NOON)

    tab.goto(f"{site}/escalations/{case.pk}/")
    tab.get_by_role("button", name="Claim").click()
    tab.get_by_label("Your reply").fill("I call you at two.")
    tab.get_by_role("button", name="Send text").click()
    expect(tab.get_by_role("region", name="Texts, oldest first")).to_contain_text("I call you at two.")
    tab.get_by_label("How did it end?").select_option(label="Answered")
    tab.get_by_role("button", name="Resolve").click()

    expect(tab.get_by_role("heading", level=1)).to_have_text("Escalations")
    case.refresh_from_db()
    assert case.state == Escalation.State.RESOLVED


@browser_story
def test_the_inbox_is_worked_with_the_keyboard(tab: Page, site: str):
    talk("Lena", minutes=9)
    newest = talk("Ana")

    tab.goto(f"{site}/conversations/")
    tab.keyboard.press("j")
    expect(tab.locator("[data-row]").nth(0)).to_be_focused()
    tab.keyboard.press("j")
    expect(tab.locator("[data-row]").nth(1)).to_be_focused()
    tab.keyboard.press("k")
    tab.keyboard.press("?")
    expect(tab.locator("#help .help-panel")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.locator("#help .help-panel")).to_be_hidden()
    tab.keyboard.press("/")
    expect(tab.locator("#q")).to_be_focused()
    tab.keyboard.press("Escape")
    tab.locator("[data-row]").nth(0).focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Ana")
    tab.keyboard.press("r")
    expect(tab.get_by_label("Your reply")).to_be_focused()
    tab.keyboard.press("Escape")
    tab.keyboard.press("e")

    expect(tab.get_by_text("Ana Ortiz: closed.")).to_be_visible()
    newest.refresh_from_db()
    assert newest.closed_at == NOON


@browser_story
def test_a_failed_request_is_tried_again_and_nothing_typed_is_lost(tab: Page, site: str):
    conversation = talk("Ana")
    failing = [True]

    def sometimes(route: Route) -> None:
        if failing.pop() if failing else False:
            route.fulfill(status=500, body="broken")
        else:
            route.continue_()

    tab.route("**/reply/", sometimes)
    tab.goto(f"{site}/conversations/{conversation.pk}/")
    tab.get_by_label("Your reply").fill("See you at two.")
    tab.get_by_role("button", name="Send text").click()
    bar = tab.locator("#retry-bar")
    expect(bar).to_contain_text("Nothing was lost")
    expect(tab.get_by_label("Your reply")).to_have_value("See you at two.")
    bar.get_by_role("button", name="Try again").click()

    expect(tab.get_by_role("region", name="Texts, oldest first")).to_contain_text("See you at two.")
    expect(bar).to_be_hidden()
    assert Message.objects.filter(kind="staff").count() == 1


@browser_story
def test_an_ended_session_comes_back_to_the_same_place_with_the_draft(tab: Page, site: str):
    conversation = talk("Ana")
    place = f"{site}/conversations/{conversation.pk}/"

    tab.goto(place)
    with tab.expect_response(lambda answer: answer.url.endswith("/drafts/") and answer.request.method == "POST"):
        tab.get_by_label("Your reply").press_sequentially("Half a sentence")
    tab.context.clear_cookies()
    tab.goto(place)
    tab.get_by_label("E-mail").fill("dana@glowtheory.example")
    tab.get_by_label("Password").fill("correct-horse-9")
    tab.get_by_role("button", name="Sign in").click()

    expect(tab.get_by_label("Your reply")).to_have_value("Half a sentence")
    assert tab.url == place


def test_a_wrong_address_is_answered_by_a_page_of_ours(client):
    client.force_login(factories.make_staff())

    answer = client.get("/no-such-page/")

    assert answer.status_code == 404
    assert "base-uri" in answer.headers["Content-Security-Policy"]
    assert "This page does not exist" in answer.content.decode()


def test_a_fault_is_answered_by_a_page_of_ours_that_says_nothing_of_it(monkeypatch):
    client = Client(raise_request_exception=False)
    client.force_login(factories.make_staff())
    monkeypatch.setattr("medspa.portal.today.cases", lambda **_: 1 / 0)

    answer = client.get("/")

    page = answer.content.decode()
    assert answer.status_code == 500
    assert "ZeroDivision" not in page
    assert "<title>" in page
