"""Production refuses what belongs to the demo."""

import pytest
from django.core.checks import run_checks

import medspa.urls  # noqa: F401  (mounts by DEMO: read before a test turns it off)
from medspa import checks

PRODUCTION = {
    "DEMO": False,
    "CLOCK_OFFSET_FILE": "",
    "PUBLIC_BASE_URL": "https://members.glow.example",
    "SECRET_KEY": "k" * 60,
    "SECOND_FACTOR_FOR": "everyone",
}


def problems(settings, **changes) -> dict[str, str]:
    for name, value in {**PRODUCTION, **changes}.items():
        setattr(settings, name, value)
    return {error.id: error.msg for error in checks.production_has_nothing_of_the_demo(None)}


def test_production_settings_start(settings):
    assert problems(settings) == {}


@pytest.mark.parametrize(
    ("changes", "code", "name"),
    [
        ({"CLOCK_OFFSET_FILE": "/tmp/offset"}, "medspa.E001", "CLOCK_OFFSET_FILE"),
        ({"PUBLIC_BASE_URL": "http://members.glow.example"}, "medspa.E002", "PUBLIC_BASE_URL"),
        ({"SECRET_KEY": "demo-only-key-that-production-refuses"}, "medspa.E003", "SECRET_KEY"),
        ({"SECOND_FACTOR_FOR": "nobody"}, "medspa.E004", "SECOND_FACTOR_FOR"),
    ],
)
def test_production_refuses_what_only_a_demo_may_have(settings, changes, code, name):
    found = problems(settings, **changes)

    assert list(found) == [code]
    assert name in found[code]
    assert problems(settings, **changes, DEMO=True) == {}


def test_the_checks_are_registered(settings):
    settings.DEMO = False
    settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRETS = "", []
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKENS = "", []
    settings.SECRET_KEY = "demo-only-key-that-production-refuses"

    found = {message.id for message in run_checks()}

    assert {"members.E004", "outreach.E004", "medspa.E003"} <= found
