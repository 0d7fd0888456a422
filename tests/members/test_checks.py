"""A half-set Stripe does not start, and says what to set."""

import pytest

from members import checks


def problems(settings, **changes) -> dict[str, str]:
    live = {"DEMO": False, "STRIPE_API_KEY": "sk_live_1", "STRIPE_WEBHOOK_SECRETS": ["whsec_1"]}
    for name, value in {**live, **changes}.items():
        setattr(settings, name, value)
    return {
        error.id: error.msg
        for check in (checks.stripe_is_whole, checks.the_demo_charges_nobody)
        for error in check(None)
    }


def test_a_whole_stripe_starts(settings):
    assert problems(settings) == {}


def test_the_demo_starts_without_stripe_or_with_a_test_key(settings):
    assert problems(settings, DEMO=True, STRIPE_API_KEY="", STRIPE_WEBHOOK_SECRETS=["whsec_demo"]) == {}
    assert problems(settings, DEMO=True, STRIPE_API_KEY="sk_test_1") == {}


@pytest.mark.parametrize(
    ("changes", "code", "what_to_set"),
    [
        ({"STRIPE_WEBHOOK_SECRETS": []}, "members.E001", "set STRIPE_WEBHOOK_SECRETS"),
        ({"STRIPE_WEBHOOK_SECRETS": [""]}, "members.E001", "set STRIPE_WEBHOOK_SECRETS"),
        ({"STRIPE_API_KEY": ""}, "members.E002", "set STRIPE_API_KEY"),
        ({"STRIPE_API_KEY": "", "DEMO": True}, "members.E002", "set STRIPE_API_KEY"),
        ({"DEMO": True}, "members.E003", "Set a test key"),
        ({"DEMO": True, "STRIPE_API_KEY": "rk_live_1"}, "members.E003", "Set a test key"),
        ({"STRIPE_API_KEY": "", "STRIPE_WEBHOOK_SECRETS": []}, "members.E004", "set STRIPE_API_KEY"),
    ],
)
def test_each_half_set_stripe_is_refused_with_what_to_set(settings, changes, code, what_to_set):
    found = problems(settings, **changes)

    assert list(found) == [code]
    assert what_to_set in found[code]
