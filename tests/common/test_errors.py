import pytest

from common.errors import Refused


def test_a_refusal_carries_a_sentence_and_a_code():
    with pytest.raises(Refused) as refused:
        raise Refused("This link has expired.", code="expired_link")

    assert refused.value.message == str(refused.value) == "This link has expired."
    assert refused.value.code == "expired_link"


def test_a_refusal_without_a_code_is_just_refused():
    assert Refused("No.").code == "refused"
