"""Every page that opens: no accessibility violation, no sideways scrolling, no complaint in the console, few queries.

New pages are found in the URLconf by themselves (tests/pages/walk.py).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Browser, Page

from common import clock
from medspa.demo import seeding
from medspa.demo.seeding.practice import DEMO_PASSWORD
from members.models import StaffUser
from tests.pages import walk

pytestmark = pytest.mark.django_db(transaction=True)

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOK = """async (rules) => (await axe.run(document, { runOnly: rules, resultTypes: ["violations"] })).violations.map(
  (one) => `${one.id} ${one.nodes.slice(0, 2).map((node) => node.html.slice(0, 120)).join(" | ")}`)"""
MOST_QUERIES = 12
# These ask more, though never more for more rows. Consent asks the gate's own question for each address and purpose, so
# that it never says otherwise than the gate; the others gather plan, benefits, lots, forms and choices.
MORE_QUERIES = {
    "members:consent": 26,
    "members:credits": 21,
    "members:contact": 15,
    "outreach:cadence": 14,
    "concierge:escalation": 14,
}


@pytest.fixture
def practice(db: None) -> None:
    seeding.seed(members=20, now=clock.now())


@pytest.fixture
def desk(practice: None) -> Client:
    client = Client()
    client.force_login(StaffUser.objects.get(email="owner@example.com"))
    return client


def opened_by(client: Client, *kinds: str) -> list[tuple[str, str]]:
    """The pages that open for this client: acts, which want a POST, and files fall out."""
    found = []
    for name, path in walk.pages(*kinds):
        answer = client.get(path)
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            found.append((name, path))
    return found


def looked_at(page: Page, site: str, pages: list[tuple[str, str]]) -> list[str]:
    """What is wrong, page by page."""
    wrong: list[str] = []
    page.on("console", lambda line: wrong.append(f"{page.url}: {line.text}") if line.type == "error" else None)
    for name, path in pages:
        page.goto(f"{site}{path}")
        page.evaluate(AXE)
        wrong += [f"{name} {path}: {one}" for one in page.evaluate(LOOK, RULES)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{name} {path}: scrolls sideways")
    return wrong


@pytest.fixture(params=[(390, "light"), (1440, "dark")], ids=["phone, light", "desktop, dark"])
def tab(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    yield context.new_page()
    context.close()


@pytest.mark.browser
def test_no_page_shuts_anybody_out(tab: Page, desk: Client, live_server, settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    wrong = looked_at(tab, live_server.url, opened_by(Client(), "public", "demo"))
    tab.goto(f"{live_server.url}/login/")
    tab.get_by_label("E-mail").fill("owner@example.com")
    tab.get_by_label("Password").fill(DEMO_PASSWORD)
    tab.get_by_role("button", name="Sign in").click()

    seen = opened_by(desk, "staff", "account")
    wrong += looked_at(tab, live_server.url, seen)

    assert len(seen) > 20
    assert not wrong, "\n".join(wrong)


def test_no_page_asks_the_database_more_than_twelve_times(desk: Client) -> None:
    wrong = []
    for name, path in walk.pages("staff"):
        desk.get(path)  # what a process asks once
        with CaptureQueriesContext(connection) as asked:
            answer = desk.get(path)
        if answer.status_code == 200 and len(asked) > MORE_QUERIES.get(name, MOST_QUERIES):
            wrong.append(f"{name} {path}: {len(asked)} queries")

    assert not wrong, "\n".join(wrong)
