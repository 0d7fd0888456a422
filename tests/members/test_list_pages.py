from datetime import timedelta

import pytest
from django.urls import reverse

from common import clock
from members.models import AuditEntry, CreditEntry, Membership, SavedList
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client):
    client.force_login(factories.make_staff())
    return client


def names(desk, **asked) -> list[str]:
    rows = desk.get(reverse("members:list"), asked).context["table"].page.object_list
    return [row.record.patient.full_name for row in rows]


def member(first, last, **fields):
    phone = fields.pop("phone", None)
    location = fields.pop("location", None)
    patient = factories.make_patient(first, last, phone=phone, home_location=location)
    return factories.make_membership(patient, **fields)


def test_an_empty_list_says_where_members_come_from(desk):
    page = desk.get(reverse("members:list")).content.decode()

    assert "No members yet." in page


def test_a_search_without_a_hit_says_what_to_do(desk):
    member("Ana", "Ortiz")

    page = desk.get(reverse("members:list"), {"q": "zzz"}).content.decode()

    assert "No member matches." in page
    assert "clear the filters" in page


@pytest.mark.parametrize("words", ["ort", "ANA", "ana ort", "ortiz an"])
def test_names_are_found_by_their_beginnings_in_any_order(desk, words):
    member("Ana", "Ortiz")
    member("Bea", "Whitman")

    found = names(desk, q=words)

    assert found == ["Ana Ortiz"]


@pytest.mark.parametrize("words", ["(512) 555-7788", "5557788", "+1 512 555 7788", "7788"])
def test_phones_are_found_by_their_digits_however_written(desk, words):
    member("Ana", "Ortiz", phone="+15125557788")
    member("Bea", "Whitman", phone="+15125550000")

    found = names(desk, q=words)

    assert found == ["Ana Ortiz"]


def test_status_plan_and_location_narrow_the_list(desk):
    portland = factories.make_location(external_id="pdx", name="Portland")
    luxe = factories.make_plan("Luxe")
    member("Ana", "Ortiz", status=Membership.Status.PAST_DUE)
    member("Bea", "Whitman", plan=luxe)
    member("Cleo", "Vance", location=portland)

    by_status = names(desk, status="past_due")
    by_plan = names(desk, plan=luxe.pk)
    by_location = names(desk, location=portland.pk)

    assert (by_status, by_plan, by_location) == (["Ana Ortiz"], ["Bea Whitman"], ["Cleo Vance"])


def test_a_filter_that_makes_no_sense_filters_nothing(desk):
    member("Ana", "Ortiz")

    found = names(desk, status="nonsense", plan="x", location="999", page="abc", sort="nope")

    assert found == ["Ana Ortiz"]


def test_headings_sort_and_equal_rows_keep_one_order_over_pages(desk):
    for number in range(30):
        member("Ana", f"Ortiz{number:02d}", credits_remaining=1)

    first, second = names(desk, sort="credits"), names(desk, sort="credits", page=2)

    assert len(first) == 25
    assert len(set(first + second)) == 30


def test_members_are_sorted_by_last_name_and_back(desk):
    member("Ana", "Zeta")
    member("Bea", "Alpha")

    up, down = names(desk), names(desk, sort="-member")

    assert up == ["Bea Alpha", "Ana Zeta"]
    assert down == ["Ana Zeta", "Bea Alpha"]


def test_a_visit_that_has_passed_is_not_a_next_visit(desk):
    member("Ana", "Ortiz", next_appointment_at=clock.now() - timedelta(days=1))

    page = desk.get(reverse("members:list")).content.decode()

    assert "None booked" in page


def test_a_full_page_takes_no_more_than_twelve_queries(desk, django_assert_max_num_queries):
    for number in range(26):
        member("Ana", f"Ortiz{number:02d}")

    with django_assert_max_num_queries(12):
        page = desk.get(reverse("members:list"), {"q": "ortiz", "status": "active"}).content.decode()

    assert "Ana Ortiz24" in page
    assert "page=2" in page


def test_a_search_is_on_record_without_its_words(desk):
    """R116; names and numbers stay out of the trail (R119)."""
    member("Ana", "Ortiz")

    desk.get(reverse("members:list"), {"q": "ortiz"})
    desk.get(reverse("members:list"))

    entry = AuditEntry.objects.get(action="patients.searched")
    assert entry.data == {"shown": 1}


def test_htmx_gets_the_rows_alone_and_a_step_back_the_whole_page(desk):
    address = reverse("members:list")

    rows = desk.get(address, headers={"HX-Request": "true"}).content.decode()
    back = desk.get(address, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}).content.decode()

    assert "<html" not in rows
    assert "<html" in back


def test_members_at_risk_are_found_by_what_they_do_not_use_and_what_they_owe(desk):
    now = clock.now()
    fresh = {"last_visit_at": now - timedelta(days=3)}
    member("Unused", "Ortiz", credits_remaining=2, **fresh)
    member("Booked", "Ortiz", credits_remaining=2, next_appointment_at=now + timedelta(days=2), **fresh)
    member("Away", "Ortiz", last_visit_at=now - timedelta(days=61))
    member("Owes", "Ortiz", status=Membership.Status.PAST_DUE, **fresh)
    member("Gone", "Ortiz", credits_remaining=2, status=Membership.Status.CANCELLED)

    found = {risk: names(desk, risk=risk) for risk in ("unused", "away", "past_due")}

    assert found == {"unused": ["Unused Ortiz"], "away": ["Away Ortiz"], "past_due": ["Owes Ortiz"]}


def test_leaders_export_what_is_filtered_and_it_is_on_record(client):
    """R116."""
    client.force_login(factories.make_staff(role="manager"))
    member("=Ana", "Ortiz")
    member("Bea", "Calm", status=Membership.Status.PAUSED)

    answer = client.get(reverse("members:list_csv"), {"status": "active"})

    lines = answer.content.decode("utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [["'=Ana", "Ortiz"]]
    assert AuditEntry.objects.get(action="patients.exported").data == {"rows": 1}


def test_the_desk_exports_no_list(desk):
    assert desk.get(reverse("members:list_csv")).status_code == 403


# --- credits that end soon, and kept lists


def lot(member, *, ends_in, quantity=2, used=0) -> None:
    now = clock.now()
    common = {"membership": member, "service": factories.make_service(), "occurred_at": now, "reason": "Paid period"}
    opened = CreditEntry.objects.create(
        **common, kind="grant", quantity=quantity, left=quantity, key=f"g{member.pk}", actor="stripe",
        expires_at=now + timedelta(days=ends_in),
    )  # fmt: skip
    if used:
        CreditEntry.objects.create(
            **common, kind="spend", quantity=-used, left=quantity - used, number=1, lot=opened, key=f"s{member.pk}",
            actor="system",
        )  # fmt: skip


def test_members_whose_credits_end_within_two_weeks_are_found_and_used_up_lots_are_not(desk):
    lot(member("Ana", "Ortiz"), ends_in=10, used=1)
    lot(member("Bea", "Whitman"), ends_in=10, used=2)
    lot(member("Cleo", "Park"), ends_in=20)
    lot(member("Dora", "Finch"), ends_in=-1)

    assert names(desk, risk="expiring") == ["Ana Ortiz"]


def keep(client, name, asked, **more):
    return client.post(reverse("members:save_list"), {"name": name, "asked": asked, **more})


def test_a_kept_list_opens_its_filters_and_never_a_search(desk):
    answer = keep(desk, "Losing  credits", "risk=expiring&q=Ortiz&page=3")

    kept = SavedList.objects.get()
    assert (kept.name, kept.query) == ("Losing credits", "risk=expiring")
    assert answer.url == f"{reverse('members:list')}?risk=expiring"
    assert "Losing credits" in desk.get(reverse("members:list")).content.decode()


def test_a_list_is_seen_by_colleagues_only_once_it_is_shared(desk, client):
    keep(desk, "Mine", "risk=away")
    keep(desk, "Ours", "status=paused", shared="on")
    client.force_login(factories.make_staff("kim@glowtheory.example"))

    lists = client.get(reverse("members:list")).context["lists"]

    assert [one.name for one in lists] == ["Ours"]


def test_a_list_is_removed_by_who_kept_it_only(desk, client):
    keep(desk, "Ours", "status=paused", shared="on")
    path = reverse("members:remove_list", args=[SavedList.objects.get().pk])
    client.force_login(factories.make_staff("kim@glowtheory.example"))

    assert client.post(path).status_code == 404
    client.force_login(SavedList.objects.get().owner)
    client.post(path)
    assert not SavedList.objects.exists()


@pytest.mark.parametrize(("name", "asked"), [("", "risk=away"), ("All", ""), ("Search", "q=Ortiz")])
def test_a_list_without_a_name_or_a_filter_is_not_kept(desk, name, asked):
    keep(desk, name, asked)

    assert not SavedList.objects.exists()
