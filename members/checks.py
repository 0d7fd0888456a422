"""System checks: Stripe is wholly set, or the demo's stand-in serves. Nothing in between starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from members.scheduling import SCHEDULERS

_STANDIN_SECRETS = ["whsec_demo"]  # what settings give the demo
_LIVE_KEYS = ("sk_live_", "rk_live_")


@register()
def stripe_is_whole(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A half-set Stripe, or none outside the demo."""
    key = settings.STRIPE_API_KEY
    secrets = [secret for secret in settings.STRIPE_WEBHOOK_SECRETS if secret]
    if key and not secrets:
        return [
            Error(
                "STRIPE_API_KEY is set but no webhook secret: set STRIPE_WEBHOOK_SECRETS to the signing secret of the "
                "endpoint (during a rotation: both, comma-separated).",
                id="members.E001",
            )
        ]
    if key or (settings.DEMO and secrets == _STANDIN_SECRETS):
        return []
    if secrets:
        return [
            Error(
                "STRIPE_WEBHOOK_SECRETS is set but no key: set STRIPE_API_KEY, or remove the secrets.",
                id="members.E002",
            )
        ]
    return [
        Error(
            "Stripe is not set: set STRIPE_API_KEY and STRIPE_WEBHOOK_SECRETS (or DEMO=true for the stand-in).",
            id="members.E004",
        )
    ]


@register()
def the_demo_charges_nobody(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEMO and settings.STRIPE_API_KEY.startswith(_LIVE_KEYS):
        return [
            Error(
                "The demo must not charge people: STRIPE_API_KEY is a live key. Set a test key (sk_test_…), remove it "
                "(the stand-in then serves), or set DEMO=false.",
                id="members.E003",
            )
        ]
    return []


@register()
def the_scheduler_is_known(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.SCHEDULER in SCHEDULERS:
        return []
    known = " or ".join(SCHEDULERS)
    return [Error(f"SCHEDULER is {settings.SCHEDULER!r}, which is none we know: set {known}.", id="members.E005")]
