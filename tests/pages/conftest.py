"""A real browser for tests marked `browser`: the machine's own Chromium, driven by Playwright.

Without one the tests are skipped, and say so. MEDSPA_CHROMIUM names another than the first on the PATH.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from common import clock
from tests.factories import NOON

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str:
    """Its path, or ''."""
    named = os.environ.get("MEDSPA_CHROMIUM", "")
    if named:
        return named if Path(named).exists() else ""
    return next((path for path in map(shutil.which, NAMES) if path), "")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if not path:
        pytest.skip("no Chromium found: install it, or name it in MEDSPA_CHROMIUM")
    # Playwright keeps an event loop in this thread; Django would refuse the tests' own database work beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]  # root, as in CI, has no sandbox
        running = playwright.chromium.launch(executable_path=path, args=sandbox)
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh tab of a phone's width, which fails the test for anything the page complains about in the console.

    `@pytest.mark.parametrize("page", [390, 1440], indirect=True)` sets other widths.
    """
    context = browser.new_context(viewport={"width": getattr(request, "param", 390), "height": 844})
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    context.close()
    assert complaints == [], "the browser's console complained"


@pytest.fixture
def texting_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def site(live_server, settings) -> str:
    """Where the browser, the texted links and the stand-ins' webhooks all find us."""
    settings.PUBLIC_BASE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return str(live_server.url)
