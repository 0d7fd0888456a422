"""Links: signed, expiring, revocable; the token is nowhere in the database."""

from datetime import timedelta

import pytest

from common.errors import Refused
from members import links
from members.models import PatientLink
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def issue() -> PatientLink:
    return links.issue(membership=factories.make_membership(), purpose="update_card", now=NOON)


def token_of(link: PatientLink) -> str:
    return links.url(link).rstrip("/").rpartition("/")[2]


def test_the_link_leads_back_to_its_membership():
    link = issue()

    assert links.find(token_of(link), now=NOON).membership == link.membership


def test_the_token_has_160_bits_and_is_not_stored():
    """R152."""
    link = issue()
    token = token_of(link)

    stored = PatientLink.objects.filter(pk=link.pk).values().get()
    assert len(token) == 27
    assert token not in str(stored)


def test_the_address_is_the_same_each_time_it_is_made():
    link = issue()

    assert links.url(link) == links.url(PatientLink.objects.get(pk=link.pk))


@pytest.mark.parametrize("token", ["", "x", "../../etc", "A" * 27, "ü" * 27])
def test_a_forged_token_is_refused(token):
    issue()

    with pytest.raises(Refused) as refused:
        links.find(token, now=NOON)

    assert refused.value.code == "bad_link"


def test_a_link_made_with_another_secret_is_refused(settings):
    link = issue()
    settings.SECRET_KEY = "another-secret"

    with pytest.raises(Refused):
        links.find(token_of(link), now=NOON)


def test_a_link_opened_three_days_later_works_and_after_seven_it_does_not():
    """R151, R152."""
    link = issue()

    assert links.find(token_of(link), now=NOON + timedelta(days=3))
    with pytest.raises(Refused) as refused:
        links.find(token_of(link), now=NOON + timedelta(days=7))
    assert refused.value.code == "expired_link"


def test_a_revoked_link_is_refused():
    link = issue()
    links.revoke(link=link, now=NOON)

    with pytest.raises(Refused):
        links.find(token_of(link), now=NOON)
