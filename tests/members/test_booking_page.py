"""The booking page behind a link: a look changes nothing, a choice keeps, a confirmation books; only one's own."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache

from common import clock
from members import credits, links, scheduling
from members.models import Membership, PatientLink, SlotHold, Visit
from members.scheduling import SchedulerError
from tests.factories import NOON, make_location, make_membership, make_patient, make_provider, make_service, make_visit

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    cache.clear()


@pytest.fixture
def membership():
    make_provider(make_location(), make_service())
    membership = make_membership()
    credits.grant(
        membership=membership, service=make_service(), quantity=1, key="g", expires_at=NOON + 20 * DAY,
        actor="stripe", reason="period", now=NOON - 10 * DAY,
    )  # fmt: skip
    return membership


@pytest.fixture
def path(membership):
    link = links.issue(membership=membership, purpose=PatientLink.Purpose.BOOK, now=NOON)
    return links.url(link).removeprefix("http://testserver")


def words(response):
    return re.sub(r"\s+", " ", response.content.decode())


def slots(client, path):
    return re.findall(r'name="slot" value="([^"]+)"', words(client.get(path)))


def keep(client, path, slot, **more):
    cache.clear()
    return client.post(path, {"act": "keep", "slot": slot, **more})


def test_from_the_credit_to_the_appointment_in_two_taps(client, path, membership):
    first = slots(client, path)[0]

    kept = keep(client, path, first)
    question = client.get(kept.headers["Location"])
    assert "Book this time?" in words(question)
    assert "Kept for you until 11:10 am" in words(question)
    hold = SlotHold.objects.get()
    booked = client.post(path, {"act": "take", "hold": hold.pk})

    assert "You're booked" in words(client.get(booked.headers["Location"]))
    visit = Visit.objects.get()
    assert (visit.patient, visit.starts_at.isoformat()) == (membership.patient, first.split("|")[0])
    assert Membership.objects.get().next_appointment_at == visit.starts_at


def test_looking_keeps_no_time_whatever_the_address_says(client, path, django_assert_num_queries):
    """R152: handsets and chat apps fetch addresses before anyone taps them."""
    slot = slots(client, path)[0]

    for query in ("", f"?act=keep&slot={slot}", "?hold=1", "?move=1", "?cancel=1", "?visit=x", "?service=999"):
        assert client.get(path + query).status_code == 200

    assert not SlotHold.objects.exists()
    assert not Visit.objects.exists()


def test_usual_times_come_first_and_are_said_back(client, path, membership):
    for weeks in (2, 4, 6):
        make_visit(membership.patient, NOON.replace(hour=20) - weeks * 7 * DAY, status="completed")  # Tuesdays, 3 pm

    page = words(client.get(path))

    assert "Like your usual Tuesday afternoons" in page
    assert "Tue Jun 16, 3:00 pm" in page.split("All free times")[0]


def test_the_title_and_the_address_bar_tell_nothing(client, path, membership):
    page = words(client.get(path))

    assert re.search(r"<title>(.*?)</title>", page)[1] == "Book your visit · Glow Theory"
    assert membership.patient.last_name not in page


def test_no_time_lies_after_the_end_of_the_credit(client, path):
    ends = [slot.split("|")[0] for slot in slots(client, path)]

    assert max(ends) < (NOON + 20 * DAY).isoformat()


def test_a_time_that_was_taken_meanwhile_is_refused_in_words(client, path):
    slot = slots(client, path)[0]
    other = make_patient("Bea", "Lund")
    opening = scheduling.get().openings(patient=other, service=make_service(), after=NOON, until=NOON + DAY)[0]
    scheduling.get().book(patient=other, opening=opening, actor="staff:1", now=NOON)

    response = keep(client, path, opening.name)

    assert response.status_code == 409
    assert "just taken" in words(response)
    assert slot == opening.name


def test_a_hold_that_ran_out_books_nothing(client, path, monkeypatch):
    keep(client, path, slots(client, path)[0])
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=11))

    response = client.post(path, {"act": "take", "hold": SlotHold.objects.get().pk})

    assert response.status_code == 409
    assert "Please choose again" in words(response)
    assert not Visit.objects.exists()


def test_nobody_takes_or_sees_what_is_another_patients(client, path):
    other = make_patient("Bea", "Lund")
    theirs = make_visit(other, NOON + 3 * DAY)
    opening = scheduling.get().openings(patient=other, service=make_service(), after=NOON, until=NOON + 9 * DAY)[0]
    hold = scheduling.get().hold(patient=other, openings=[opening], until=NOON + DAY, actor="x", now=NOON)[0]

    assert client.post(path, {"act": "take", "hold": hold.pk}).status_code == 409
    assert client.post(path, {"act": "cancel", "visit": theirs.pk}).status_code == 409
    assert client.get(f"{path}visit-{theirs.pk}.ics").status_code == 404
    assert "Cancel this appointment?" not in words(client.get(f"{path}?cancel={theirs.pk}"))
    theirs.refresh_from_db()
    assert theirs.status == "booked"


def test_an_appointment_is_moved_only_when_the_new_time_is_confirmed(client, path, membership):
    visit = make_visit(membership.patient, NOON + 3 * DAY)
    new = slots(client, f"{path}?move={visit.pk}")[0]

    kept = keep(client, path, new, move=visit.pk)
    visit.refresh_from_db()
    assert visit.starts_at == NOON + 3 * DAY
    assert "Move your appointment?" in words(client.get(kept.headers["Location"]))
    client.post(path, {"act": "take", "hold": SlotHold.objects.get().pk, "move": visit.pk})

    visit.refresh_from_db()
    assert visit.starts_at.isoformat() == new.split("|")[0]
    assert Visit.objects.count() == 1


def test_an_appointment_is_cancelled_after_a_question(client, path, membership):
    visit = make_visit(membership.patient, NOON + 3 * DAY)
    assert "Cancel this appointment?" in words(client.get(f"{path}?cancel={visit.pk}"))

    response = client.post(path, {"act": "cancel", "visit": visit.pk})

    visit.refresh_from_db()
    assert visit.status == "cancelled"
    assert "Your appointment is cancelled" in words(client.get(response.headers["Location"]))


def test_the_calendar_file_says_when_and_where_and_not_what(client, path, membership):
    visit = make_visit(membership.patient, NOON + 3 * DAY)

    response = client.get(f"{path}visit-{visit.pk}.ics")

    lines = response.content.decode().split("\r\n")
    assert response["Content-Type"].startswith("text/calendar")
    assert {"DTSTART:20260619T160000Z", "DTEND:20260619T170000Z", "SUMMARY:Appointment at Glow Theory"} <= set(lines)
    assert "Facial" not in response.content.decode()
    assert all(len(line.encode()) <= 75 for line in lines)


def test_where_the_desk_keys_it_in_the_page_says_so(client, path, settings):
    settings.SCHEDULER = "keyed_in"

    keep(client, path, slots(client, path)[0])
    response = client.post(path, {"act": "take", "hold": SlotHold.objects.get().pk})

    page = words(client.get(response.headers["Location"]))
    assert "We have your request" in page
    assert "You're booked" not in page


def test_a_member_without_a_credit_is_told_whom_to_ask(client, path, membership):
    credits.spend(membership=membership, service=make_service(), key="s", actor="staff:1", reason="visit", now=NOON)

    assert "You have no credit to book right now" in words(client.get(path))


def test_a_scheduler_that_does_not_answer_gets_an_honest_page(client, path, monkeypatch):
    def down(self, **_):
        raise SchedulerError("unreachable", permanent=False)

    monkeypatch.setattr(scheduling.EmbeddedScheduler, "openings", down)

    response = client.get(path)

    assert response.status_code == 503
    assert "Nothing was booked or changed" in words(response)


def test_a_card_link_opens_no_booking_page(client, membership):
    link = links.issue(membership=membership, purpose=PatientLink.Purpose.UPDATE_CARD, now=NOON)

    page = words(client.get(links.url(link).removeprefix("http://testserver")))

    assert "Book your visit" not in page
