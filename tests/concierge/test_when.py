"""Days and hours in words: what the grammar was written against, what it had never seen, and what is no date."""

from datetime import UTC, date, datetime, time

import pytest

from concierge.understanding import when
from members.scheduling import TimeWish

NOW = datetime(2026, 6, 10, 10, 0, tzinfo=UTC)  # a Wednesday; open 9:00 to 19:00


def read(text):
    return when.read(text, now=NOW, opens=time(9), closes=time(19))


def june(first, last=None):
    return date(2026, 6, first), date(2026, 6, last or first)


def wish(*days, weekdays=(), but=(), begins=None, before=None):
    def clock(hour):
        return time(int(hour), round(hour % 1 * 60)) if hour is not None else None

    return TimeWish(tuple(days), frozenset(weekdays), frozenset(but), clock(begins) or time.min, clock(before))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("next tues after 4", wish(june(16), begins=16)),
        ("this week or next?", wish(june(10, 14), june(15, 21))),
        ("sometime thurs morning", wish(june(11), before=12)),
        ("friday at 2", wish(june(12), begins=14, before=14.5)),
        ("6/20 at 11", wish(june(20), begins=11, before=11.5)),
        ("june 12-14", wish(june(12, 14))),
        ("between 10 and 12 on friday", wish(june(12), begins=10, before=12)),
        ("After 4 on Thursday", wish(june(11), begins=16)),
        ("tomorrow morning", wish(june(11), before=12)),
        ("2moro at 3:30", wish(june(11), begins=15.5, before=16)),
        ("any day but monday", wish(but={0})),
        ("not monday or tuesday", wish(but={0, 1})),
        ("i cant do friday", wish(but={4})),
        ("mon-wed", wish(june(10), june(15), june(16))),
        ("tuesdays after 5", wish(weekdays={1}, begins=17)),
        ("weekdays before 10am", wish(weekdays={0, 1, 2, 3, 4}, before=10)),
        ("this weekend", wish(june(13, 14))),
        ("end of the month", wish(june(21, 30))),
        ("early next week", wish(june(15, 17))),
        ("in two weeks", wish(june(22, 28))),
        ("the week after next", wish(june(22, 28))),
        ("before friday", wish(june(10, 11))),
        ("tuesday next week", wish(june(16))),
        ("4pm or later", wish(begins=16)),
        ("10-2pm thursday", wish(june(11), begins=10, before=14)),
        ("after work next week", wish(june(15, 21), begins=17)),
        ("el jueves después de las 4", wish(june(11), begins=16)),
        ("mañana por la tarde", wish(june(11), begins=12, before=17)),
        ("la próxima semana", wish(june(15, 21))),
        ("pasado mañana", wish(june(12))),
        ("cualquier día menos el lunes", wish(but={0})),
        ("entre las 2 y las 4 el viernes", wish(june(12), begins=14, before=16)),
        ("12 de junio a las 3", wish(june(12), begins=15, before=15.5)),
        ("4 de la tarde el martes", wish(june(16), begins=16, before=16.5)),
        ("esta tarde", wish(june(10), begins=12, before=17)),
    ],
)
def test_days_and_hours_are_read_as_people_write_them(text, meant):
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("any evening next week", wish(june(15, 21), begins=17)),
        ("friday the 19th", wish(june(19))),
        ("fri 6/19", wish(june(19))),
        ("friday june 19", wish(june(19))),
        ("this afternoon", wish(june(10), begins=12, before=17)),
        ("before noon", wish(before=12)),
        ("thrs after 3", wish(june(11), begins=15)),
    ],
)
def test_what_the_prototype_missed_is_read(text, meant):
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("could you squeeze me in on the 18th around 1?", wish(june(18), begins=13, before=13.5)),
        ("Sat works best, preferably before 11", wish(june(13), before=11)),
        ("anything wednesday or thursday next week", wish(june(17), june(18))),
        ("my schedule is open monday 22nd", wish(june(22))),
        ("how about July 2nd in the afternoon", wish((date(2026, 7, 2), date(2026, 7, 2)), begins=12, before=17)),
        ("i get off at 5 so after 5:30 on fri", wish(june(12), begins=17.5)),
        ("puede ser el sábado a las 10", wish(june(13), begins=10, before=10.5)),
        ("el lunes o el martes por la mañana", wish(june(15), june(16), before=12)),
        ("first thing tomorrow", wish(june(11))),
        ("later this week is fine", wish(june(11, 14))),
    ],
)
def test_phrases_that_the_grammar_was_not_written_against(text, meant):
    assert read(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "2", "1", "the second one", "i have 2 credits left", "card ends in 4412", "may i pause my membership",
        "may i pause for 2 months", "it costs $149", "24/7", "call me at 512-555-0123", "my number is 5125550123",
        "1200 south lamar", "do i get 2 for 1", "10-15 minutes late", "i sat in the lobby", "sun damage on my face",
        "is it 50/50", "i was there 2 weeks ago", "can i come with 2 friends", "option 2 please", "the 2nd one please",
        "20% off", "i need 3 units", "how long is it, 45 min?", "1/2 off sale", "yes", "me quedan 2 creditos", "",
    ],
)  # fmt: skip
def test_what_names_no_time_is_no_wish(text):
    assert read(text) is None


@pytest.mark.parametrize(("hour", "opens", "closes", "meant"), [(2, 9, 19, 14), (8, 7, 15, 8), (7, 12, 21, 19)])
def test_an_hour_alone_is_the_one_at_which_the_place_is_open(hour, opens, closes, meant):
    found = when.read(f"at {hour}", now=NOW, opens=time(opens), closes=time(closes))

    assert found.begins == time(meant)


@pytest.mark.parametrize("text", ["june 31", "2/30", "13/13", "the 32nd", "at 25", "25:99", "9" * 2000, "mon" * 500])
def test_nonsense_is_read_without_a_stumble(text):
    read(text)


def test_a_date_that_has_passed_is_next_years():
    assert read("march 3").days == ((date(2027, 3, 3), date(2027, 3, 3)),)
