"""Twilio's signature on webhooks (R66 to R68)."""

from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from twilio.request_validator import RequestValidator

from outreach.transports import signatures

PATH = "/webhooks/twilio/sms/"
FORM = {"MessageSid": "SM1", "From": "+15125550142", "Body": "Hi"}


@pytest.fixture(autouse=True)
def _tokens(settings):
    settings.PUBLIC_BASE_URL = "https://members.glow.example"
    settings.TWILIO_AUTH_TOKENS = ["primary", "secondary"]


def posted(**changes: str) -> QueryDict:
    return QueryDict(urlencode({**FORM, **changes}))


def test_a_form_that_twilio_signed_is_taken():
    signature = RequestValidator("primary").compute_signature(f"https://members.glow.example{PATH}", FORM)

    assert signatures.is_from_twilio(PATH, posted(), signature)


def test_both_tokens_count_during_a_rotation_and_a_third_does_not():
    """R68."""
    url = f"https://members.glow.example{PATH}"
    verdicts = [
        signatures.is_from_twilio(PATH, posted(), RequestValidator(token).compute_signature(url, FORM))
        for token in ("primary", "secondary", "stranger")
    ]

    assert verdicts == [True, True, False]


@pytest.mark.parametrize(
    "form", [posted(Body="Hi!"), posted(Extra=""), QueryDict("MessageSid=SM1&From=%2B15125550142"), QueryDict("")]
)
def test_a_changed_added_or_missing_parameter_is_refused(form):
    """R66."""
    assert not signatures.is_from_twilio(PATH, form, signatures.sign(PATH, FORM))


def test_a_missing_header_is_refused():
    assert not signatures.is_from_twilio(PATH, posted(), "")


def test_an_empty_token_never_validates(settings):
    forged = RequestValidator("").compute_signature(f"https://members.glow.example{PATH}", FORM)
    settings.TWILIO_AUTH_TOKENS = ["primary", ""]

    assert not signatures.is_from_twilio(PATH, posted(), forged)


def test_repeated_parameters_are_signed_as_twilio_signs_them():
    form = QueryDict("MediaUrl=a&MediaUrl=b")
    signature = RequestValidator("primary").compute_signature(f"https://members.glow.example{PATH}", form)

    assert signatures.is_from_twilio(PATH, form, signature)


def test_the_address_is_ours_and_not_the_hosts_header(rf):
    """R67: a proxy's or an attacker's Host changes nothing."""
    honest = rf.post(f"{PATH}?a=1&b=2", FORM, headers={"host": "evil.example"})
    signature = signatures.sign(f"{PATH}?a=1&b=2", FORM)
    for_evil = RequestValidator("primary").compute_signature(f"https://evil.example{PATH}?a=1&b=2", FORM)

    assert signatures.is_from_twilio(honest.get_full_path(), honest.POST, signature)
    assert not signatures.is_from_twilio(honest.get_full_path(), honest.POST, for_evil)


def test_the_query_counts_in_its_order():
    signature = signatures.sign(f"{PATH}?a=1&b=2", FORM)

    assert not signatures.is_from_twilio(f"{PATH}?b=2&a=1", posted(), signature)


def test_the_empty_answer_is_twiml_that_says_nothing():
    assert signatures.empty_twiml() == '<?xml version="1.0" encoding="UTF-8"?><Response />'
