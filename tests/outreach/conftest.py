import pytest

from outreach import transports
from tests.doubles.carrier import Carrier


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> Carrier:
    """The one seam: `transports.sms` is looked up at each call."""
    carrier = Carrier()
    monkeypatch.setattr(transports, "sms", lambda: carrier)
    return carrier
