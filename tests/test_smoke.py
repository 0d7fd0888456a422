import pytest
from tests import factories

@pytest.mark.django_db
def test_factories_make_a_member():
    assert factories.make_membership().pk
