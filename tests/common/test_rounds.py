"""A round stops in time, and each round gets something done."""

from common import rounds


def test_all_rows_are_done_when_there_is_time(settings):
    settings.ROUND_SECONDS = 60

    assert list(rounds.in_time([1, 2, 3])) == [1, 2, 3]


def test_a_round_without_time_still_does_one_row(settings):
    settings.ROUND_SECONDS = 0

    assert list(rounds.in_time([1, 2, 3])) == [1]


def test_a_round_ends_when_its_time_is_over(settings, monkeypatch):
    settings.ROUND_SECONDS = 8
    moments = iter([0.0, 5.0, 9.0, 13.0])
    monkeypatch.setattr(rounds.time, "monotonic", lambda: next(moments))

    assert list(rounds.in_time([1, 2, 3])) == [1, 2]


def test_no_rows_are_no_round():
    assert list(rounds.in_time([])) == []
