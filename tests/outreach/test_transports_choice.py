"""Which transport texts go by."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from outreach import transports
from outreach.transports.twilio_sms import TwilioSms


def test_twilio_serves_where_its_account_is_set(settings):
    settings.TWILIO_ACCOUNT_SID = "AC" + "1" * 32
    settings.TWILIO_AUTH_TOKENS = ["token"]

    assert isinstance(transports.sms(), TwilioSms)


def test_the_phonebook_serves_in_the_demo(settings):
    from outreach.transports.phonebook import Phonebook

    settings.DEMO, settings.TWILIO_ACCOUNT_SID = True, ""

    assert isinstance(transports.sms(), Phonebook)


def test_production_without_twilio_has_no_way_to_text(settings):
    settings.DEMO, settings.TWILIO_ACCOUNT_SID = False, ""

    with pytest.raises(ImproperlyConfigured, match="TWILIO_ACCOUNT_SID"):
        transports.sms()
