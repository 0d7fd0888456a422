"""Where a patient's clock is."""

import pytest

from tests import factories

pytestmark = pytest.mark.django_db

AUSTIN, DENVER_PHONE, TOLL_FREE = "America/Chicago", "+13035550123", "+18885550123"


@pytest.mark.parametrize(
    ("fields", "phone", "zone"),
    [
        ({"time_zone": "America/New_York", "zip_code": "85251"}, DENVER_PHONE, "America/New_York"),  # staff know best
        ({"zip_code": "85251"}, DENVER_PHONE, "America/Phoenix"),
        ({"zip_code": ""}, DENVER_PHONE, "America/Denver"),
        ({"zip_code": ""}, TOLL_FREE, AUSTIN),
        ({"zip_code": ""}, "", AUSTIN),
        ({"zip_code": "09012"}, "", AUSTIN),
    ],
)
def test_the_zone_is_told_by_staff_then_zip_code_then_area_code_then_clinic(fields, phone, zone):
    patient = factories.make_patient(phone=phone, **fields)

    assert patient.zone == zone
