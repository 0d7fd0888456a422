"""System checks: Twilio is wholly set or the demo's phonebook serves; the law tables were reviewed lately."""

from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from common import clock
from outreach import legal_tables

_LOCAL = {"localhost", "127.0.0.1", "::1", "testserver"}
_PHONEBOOK_TOKENS = ["phonebook-demo-token"]  # what settings give the demo


@register()
def twilio_is_whole(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A half-set Twilio, or none outside the demo."""
    tokens = [token for token in settings.TWILIO_AUTH_TOKENS if token]
    if not settings.TWILIO_ACCOUNT_SID:
        return _without_account(tokens)
    found: list[CheckMessage] = []
    if not tokens:
        found.append(
            Error(
                "TWILIO_ACCOUNT_SID is set but no token: set TWILIO_AUTH_TOKENS to the account's auth token "
                "(during a rotation: the new and the old one, comma-separated).",
                id="outreach.E001",
            )
        )
    if not (settings.TWILIO_MESSAGING_SERVICE_SID or settings.TWILIO_FROM_NUMBER):
        found.append(
            Error(
                "TWILIO_ACCOUNT_SID is set but no sender: set TWILIO_MESSAGING_SERVICE_SID (with Advanced Opt-Out), "
                "or TWILIO_FROM_NUMBER.",
                id="outreach.E003",
            )
        )
    return found


def _without_account(tokens: list[str]) -> list[CheckMessage]:
    if settings.DEMO and tokens == _PHONEBOOK_TOKENS:
        return []
    if tokens:
        return [
            Error(
                "TWILIO_AUTH_TOKENS is set but not the account: set TWILIO_ACCOUNT_SID, or remove the tokens.",
                id="outreach.E002",
            )
        ]
    return [
        Error(
            "There is no way to text patients: set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKENS and "
            "TWILIO_MESSAGING_SERVICE_SID (or DEMO=true for the embedded phonebook).",
            id="outreach.E004",
        )
    ]


@register()
def the_demo_texts_nobody(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A public demo with live Twilio credentials would text real people."""
    host = urlsplit(settings.PUBLIC_BASE_URL).hostname
    emulated = settings.TWILIO_API_BASE and not _is_twilios(settings.TWILIO_API_BASE)
    if settings.DEMO and settings.TWILIO_ACCOUNT_SID and not emulated and host not in _LOCAL:
        return [
            Error(
                "The demo must not text people: remove TWILIO_ACCOUNT_SID (the phonebook then serves), set "
                "TWILIO_API_BASE to an emulator, or set DEMO=false.",
                id="outreach.E005",
            )
        ]
    return []


@register()
def the_emulators_address_is_one(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    base = urlsplit(settings.TWILIO_API_BASE)
    if settings.TWILIO_API_BASE and not (base.scheme in ("http", "https") and base.netloc):
        return [
            Error(
                "TWILIO_API_BASE is no address: set it to something like http://127.0.0.1:4013, or remove it.",
                id="outreach.E006",
            )
        ]
    return []


@register()
def legal_tables_are_fresh(app_configs: Any = None, *, today: date | None = None, **kwargs: Any) -> list[CheckMessage]:
    """A warning, no error: a law table grown old must not stop the texts of a practice that is running (R6)."""
    return [
        Warning(sentence, hint="Check the law, correct the row, set its reviewed_on.", id="outreach.W001")
        for sentence in legal_tables.overdue(today or clock.now().date())
    ]


def _is_twilios(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host == "twilio.com" or host.endswith(".twilio.com")
