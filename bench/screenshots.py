"""A picture of every page at both widths, in light and dark: `python -m bench.screenshots [address]`.

It asks a running demo (`make demo`) and writes docs/screenshots/. The pages are those of the menu and one of each kind
behind them. A palette keeps a picture small; nothing in them is of a real person.
"""

import argparse
import io
import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from bench.portal import chromium, sign_in

SHOTS = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
TALLEST = 2_400  # pixels; further down a page repeats itself
PAGES = {
    "today": "/",
    "conversations": "/conversations/",
    "conversation": "/conversations/1/",
    "kept-replies": "/conversations/replies/",
    "escalations": "/escalations/",
    "escalation": "/escalations/1/",
    "schedule": "/schedule/",
    "members": "/members/",
    "member": "/members/1/",
    "consent": "/members/1/consent/",
    "credits": "/members/1/credits/",
    "contact": "/members/1/contact/",
    "duplicates": "/members/duplicates/",
    "enrol": "/members/enrol/?all=yes&status=active",
    "payments": "/payments/",
    "recovered": "/payments/?show=recovered",
    "stripe": "/stripe/",
    "plans": "/plans/",
    "plan": "/plans/1/",
    "plan-new-version": "/plans/1/new-version/",
    "delivered": "/plans/delivered/",
    "texts": "/texts/",
    "cadence": "/cadence/",
    "sequences": "/sequences/",
    "sequence": "/sequences/utilization/",
    "sequence-edit": "/sequences/utilization/edit/",
    "metrics": "/metrics/",
    "metric": "/metrics/utilization/",
    "questions": "/questions/",
    "audit": "/audit/",
    "imports": "/imports/",
    "api-keys": "/api-keys/",
    "webhooks": "/webhooks/",
    "team": "/team/",
    "settings": "/settings/",
    "practice": "/settings/practice/",
    "locations": "/settings/locations/",
    "location": "/settings/locations/1/",
    "services": "/settings/services/",
    "on-call": "/settings/on-call/",
    "agreements": "/settings/agreements/",
    "connections": "/settings/connections/",
    "legal": "/settings/legal/",
    "going-live": "/settings/go-live/",
    "account": "/account/security/",
    "phonebook": "/phonebook/",
}


def shoot(browser: Browser, site: str, width: int, scheme: str, only: set[str]) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, site)
    for name, path in PAGES.items():
        if only and name not in only:
            continue
        answer = page.goto(f"{site}{path}", wait_until="load")
        if answer is None or not answer.ok:
            print(f"{path}: {answer.status if answer else 'nothing'}")
            continue
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        if wide:
            print(f"{path} at {width} scrolls sideways")
        keep(page.screenshot(full_page=True), SHOTS / f"{name}-{width}{'-dark' if scheme == 'dark' else ''}.webp")
    context.close()


def keep(picture: bytes, path: Path) -> None:
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.crop((0, 0, image.width, min(image.height, TALLEST))).save(path, quality=50, method=6)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("site", nargs="?", default="http://localhost:8000")
    asked.add_argument("--only", nargs="*", default=[], help="names of pages, as their files are called")
    given = asked.parse_args()
    with sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=chromium(), args=sandbox)
        for width in (390, 1440):
            for scheme in ("light", "dark"):
                shoot(browser, given.site.rstrip("/"), width, scheme, set(given.only))
        browser.close()
    print(f"{sum(one.stat().st_size for one in SHOTS.iterdir()) / 1e6:.1f} MB in {SHOTS}")


if __name__ == "__main__":
    main()
