from datetime import UTC, date, datetime, timedelta

import pytest

from common import clock


@pytest.fixture
def offset_file(tmp_path, settings):
    path = tmp_path / "var" / "clock-offset"
    settings.CLOCK_OFFSET_FILE = str(path)
    return path


def test_now_is_aware_utc_and_real_without_an_offset_file(settings):
    settings.CLOCK_OFFSET_FILE = ""

    before, now, after = datetime.now(UTC), clock.now(), datetime.now(UTC)

    assert before <= now <= after
    assert now.utcoffset() == timedelta()
    assert clock.offset() == timedelta()


def test_an_offset_file_that_is_not_there_yet_means_no_offset(offset_file):
    assert clock.offset() == timedelta()


def test_an_empty_offset_file_means_no_offset(offset_file):
    offset_file.parent.mkdir()
    offset_file.write_text("")

    assert clock.offset() == timedelta()


def test_advancing_adds_up_and_moves_now(offset_file):
    clock.advance(timedelta(days=2))
    clock.advance(timedelta(minutes=30))

    assert clock.offset() == timedelta(days=2, minutes=30)
    assert timedelta(0) <= clock.now() - datetime.now(UTC) - clock.offset() + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("when", "zone", "shown", "day"),
    [
        (datetime(2026, 6, 16, 3, 30, tzinfo=UTC), "America/Chicago", (22, 30), date(2026, 6, 15)),
        (datetime(2026, 1, 16, 3, 30, tzinfo=UTC), "America/Chicago", (21, 30), date(2026, 1, 15)),
        (datetime(2026, 6, 16, 3, 30, tzinfo=UTC), "America/Phoenix", (20, 30), date(2026, 6, 15)),
        (datetime(2026, 6, 16, 12, 0, tzinfo=UTC), "America/New_York", (8, 0), date(2026, 6, 16)),
        # The clocks go back on 1 November 2026 at 06:00 UTC: one o'clock is shown twice.
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "America/New_York", (1, 30), date(2026, 11, 1)),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "America/New_York", (1, 30), date(2026, 11, 1)),
    ],
)
def test_a_zone_shows_its_own_wall_clock_and_date(when, zone, shown, day):
    local = clock.local(when, zone)

    assert (local.hour, local.minute) == shown
    assert local.astimezone(UTC) == when
    assert clock.local_date(when, zone) == day
