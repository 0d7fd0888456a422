"""A half-set Twilio does not start, and says what to set."""

import pytest

from outreach import checks

LIVE = {
    "DEMO": False,
    "PUBLIC_BASE_URL": "https://members.glow.example",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKENS": ["token"],
    "TWILIO_MESSAGING_SERVICE_SID": "MG" + "2" * 32,
    "TWILIO_FROM_NUMBER": "",
    "TWILIO_API_BASE": "",
}


def problems(settings, **changes) -> dict[str, str]:
    for name, value in {**LIVE, **changes}.items():
        setattr(settings, name, value)
    every = (checks.twilio_is_whole, checks.the_demo_texts_nobody, checks.the_emulators_address_is_one)
    return {error.id: error.msg for check in every for error in check(None)}


def test_a_whole_twilio_starts(settings):
    assert problems(settings) == {}
    assert problems(settings, TWILIO_MESSAGING_SERVICE_SID="", TWILIO_FROM_NUMBER="+15125550100") == {}


def test_the_demo_starts_without_twilio(settings):
    nothing = {"TWILIO_ACCOUNT_SID": "", "TWILIO_MESSAGING_SERVICE_SID": ""}

    assert problems(settings, DEMO=True, TWILIO_AUTH_TOKENS=["phonebook-demo-token"], **nothing) == {}


@pytest.mark.parametrize(
    ("changes", "code", "what_to_set"),
    [
        ({"TWILIO_AUTH_TOKENS": []}, "outreach.E001", "set TWILIO_AUTH_TOKENS"),
        ({"TWILIO_AUTH_TOKENS": [""]}, "outreach.E001", "set TWILIO_AUTH_TOKENS"),
        ({"TWILIO_ACCOUNT_SID": ""}, "outreach.E002", "set TWILIO_ACCOUNT_SID"),
        ({"TWILIO_ACCOUNT_SID": "", "DEMO": True}, "outreach.E002", "set TWILIO_ACCOUNT_SID"),
        ({"TWILIO_MESSAGING_SERVICE_SID": ""}, "outreach.E003", "set TWILIO_MESSAGING_SERVICE_SID"),
        ({"TWILIO_ACCOUNT_SID": "", "TWILIO_AUTH_TOKENS": []}, "outreach.E004", "set TWILIO_ACCOUNT_SID"),
        ({"DEMO": True}, "outreach.E005", "set DEMO=false"),
        ({"DEMO": True, "TWILIO_API_BASE": "https://api.twilio.com"}, "outreach.E005", "set DEMO=false"),
        ({"TWILIO_API_BASE": "127.0.0.1:4013"}, "outreach.E006", "http://127.0.0.1:4013"),
    ],
)
def test_each_half_set_twilio_is_refused_with_what_to_set(settings, changes, code, what_to_set):
    found = problems(settings, **changes)

    assert list(found) == [code]
    assert what_to_set in found[code]


@pytest.mark.parametrize(
    "changes", [{"TWILIO_API_BASE": "http://127.0.0.1:4013"}, {"PUBLIC_BASE_URL": "http://localhost:8000"}]
)
def test_the_demo_may_use_an_emulator_or_run_on_this_machine(settings, changes):
    assert problems(settings, DEMO=True, **changes) == {}
