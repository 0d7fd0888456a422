"""System checks of the deployment as a whole: what only a demo may have."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

_DEMO_KEY = "demo-only-key-that-production-refuses"


@register()
def production_has_nothing_of_the_demo(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEMO:
        return []
    found: list[CheckMessage] = []
    if settings.CLOCK_OFFSET_FILE:
        found.append(Error("CLOCK_OFFSET_FILE moves the clock and is for the demo only: remove it.", id="medspa.E001"))
    if not settings.PUBLIC_BASE_URL.startswith("https://"):
        found.append(
            Error(
                "PUBLIC_BASE_URL must be the https:// address that patients, Stripe and Twilio use: set it, e.g. "
                "https://members.example.com.",
                id="medspa.E002",
            )
        )
    if settings.SECOND_FACTOR_FOR not in ("everyone", "managers"):
        found.append(
            Error("SECOND_FACTOR_FOR must be everyone, or managers: who has to add a second factor.", id="medspa.E004")
        )
    if settings.SECRET_KEY == _DEMO_KEY:
        found.append(
            Error("SECRET_KEY is the demo's: set it to a long random string (50 characters or more).", id="medspa.E003")
        )
    return found
