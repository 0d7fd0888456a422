"""CSV files: read, checked, shown, and written only when somebody says so."""

import io
import json
import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from common.errors import Refused
from members.importing import csv_files, jobs
from members.importing.rows import MembershipRow, PatientRow, ServiceRow, VisitRow
from members.models import AuditEntry, ImportChunk, ImportJob, Patient, Service
from tests import factories
from tests.factories import NOON

HEAD = "id,first name,last name,mobile,location"
ANA = "p1,Ana,Ortiz,(512) 555-0123,austin"


@pytest.fixture
def practice(db):
    factories.make_location()
    factories.make_plan()


def csv(*lines: str, encoding="utf-8") -> bytes:
    return "\r\n".join(lines).encode(encoding)


def upload(content: bytes, kind="patients", *, confirmed=False) -> ImportJob:
    job = jobs.upload(kind=kind, file_name="clients.csv", content=content, actor="staff:1", now=NOON)
    jobs.work_off(job.pk, now=NOON)
    job.refresh_from_db()
    if confirmed:
        jobs.confirm(job=job, actor="staff:1", now=NOON)
        jobs.work_off(job.pk, now=NOON)
        job.refresh_from_db()
    return job


def refusals(job) -> list[tuple[int, str]]:
    return [
        (line, " ".join(words for _, words in errors))
        for chunk in job.chunks.all()
        for line, _, errors, _ in chunk.refused
    ]


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        csv(HEAD, ANA),
        csv(HEAD, ANA, encoding="utf-8-sig"),
        csv(HEAD, ANA, encoding="utf-16"),
        csv(HEAD.replace(",", ";"), ANA.replace(",", ";")),
        csv(HEAD.replace(",", "\t"), ANA.replace(",", "\t")),
        csv("Client ID,Given Name,Surname,Cell Phone,Home Location", ANA),
        csv("  ID , FIRST-NAME,Last_Name,Phone #,Center".replace("Phone #", "Phone number"), ANA),
        csv(HEAD, "", '"p1","Ana","Ortiz","(512) 555-0123","austin"', " , , , , "),
        csv(HEAD + ",notes", ANA + ',"two\r\nlines, and a comma"'),
    ],
    ids=["plain", "BOM", "UTF-16", "semicolons", "tabs", "synonyms", "spaces", "quotes", "quoted newline"],
)
@pytest.mark.django_db
def test_a_file_is_read_however_it_was_saved(practice, content):
    job = upload(content, confirmed=True)

    patient = Patient.objects.get(external_id="p1")
    assert (job.state, job.created, job.refused) == ("done", 1, 0)
    assert (patient.full_name, patient.phone) == ("Ana Ortiz", "+15125550123")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"\r\n\r\n", "The file is empty"),
        (csv(HEAD), "a heading but no rows"),
        (csv("id,first name,mobile", "p1,Ana,5125550123"), "A column is missing: last_name"),
        (csv(HEAD + ",first_name,first_name", ANA), "Two columns are called first_name"),
        (b"PK\x03\x04\x14\x00\x06\x00 an Excel workbook", "Save it as"),
        (b"n\xe4me,id", "not UTF-8 text"),
        (b"\xff\xfe\x00\xd8x", "damaged"),
    ],
)
@pytest.mark.django_db
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(practice, content, words):
    with pytest.raises(Refused, match=words):
        upload(content)

    assert not ImportJob.objects.exists()


def test_a_file_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(csv_files, "MOST_BYTES", 10)

    with pytest.raises(Refused, match="larger than"):
        csv_files.read(csv(HEAD, ANA), PatientRow)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"p2,Jos\xe9,Ortiz,5125550123,austin", "not UTF-8 text"),
        (b"p2,A\x00na,Ortiz,5125550123,austin", "not UTF-8 text"),
        (b"p2,Ana,Ortiz," + b"9" * 10_000_000 + b",austin", "too long"),
        (b"p2,Ana," + b"x" * 50_000 + b",5125550123,austin", "too long"),
        (b"p2,Ana,Ortiz,5125550123,austin,what,else", "more cells than the heading"),
        (b"p2", "Give a value"),
        (b"p1,Bea,Ortiz,5125550123,austin", "Line 2 has this external id already"),
    ],
    ids=["Latin-1", "NUL", "10 MB cell", "long row", "too many cells", "too few cells", "id twice"],
)
@pytest.mark.django_db
def test_a_bad_row_is_named_by_its_line_and_the_others_come_in(practice, line, words):
    content = b"\r\n".join([HEAD.encode(), ANA.encode(), line, ANA.replace("p1", "p9").encode()])

    job = upload(content, confirmed=True)

    assert [at for at, _ in refusals(job)] == [3]
    assert words in refusals(job)[0][1]
    assert sorted(Patient.objects.values_list("external_id", flat=True)) == ["p1", "p9"]


@pytest.mark.django_db
def test_an_id_that_comes_twice_far_apart_in_the_file_is_refused(practice, monkeypatch):
    monkeypatch.setattr(jobs.batch, "MOST_ROWS", 2)

    job = upload(csv(HEAD, ANA, *(ANA.replace("p1", f"p{n}") for n in range(2, 6)), ANA), confirmed=True)

    assert (job.chunks_total, job.created) == (3, 5)
    assert refusals(job) == [(7, "Line 2 has this external id already. Keep one of them.")]


def test_prices_in_dollars_become_cents_and_prices_in_cents_stay():
    dollars = csv_files.named(["price_cents"], ["Price"], ["$1,189.50"])
    cents = csv_files.named(["price_cents"], ["price_cents"], ["18900"])
    neither = csv_files.named(["price_cents"], ["Price"], ["a lot"])

    assert (dollars, cents, neither) == ({"price_cents": 118950}, {"price_cents": "18900"}, {"price_cents": "a lot"})


@pytest.mark.parametrize(
    ("model", "heading", "fields"),
    [
        (VisitRow, "Appointment ID,Client ID,Service,Start time,Status,Note",
         ["external_id", "patient", "service", "starts_at", "status", ""]),
        (ServiceRow, "Service ID,Service,Category,Minutes,Price",
         ["external_id", "name", "category", "duration_minutes", "price_cents"]),
        (MembershipRow, "Membership ID,Guest ID,Membership,Status,Member since",
         ["external_id", "patient", "plan", "status", "started_on"]),
    ],
)  # fmt: skip
def test_headings_in_the_words_of_other_systems_are_understood(model, heading, fields):
    sheet = csv_files.read(f"{heading}\n".encode(), model)

    assert sheet.columns == fields
    assert sheet.left_out == (["Note"] if "" in fields else [])


def test_the_apostrophe_that_our_downloads_put_before_a_formula_is_taken_off_again():
    row = csv_files.named(["phone", "last_name"], ["phone", "last_name"], ["'+15125550123", "'Oba"])

    assert row == {"phone": "+15125550123", "last_name": "'Oba"}


# --- the life of an import --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_nothing_is_written_until_somebody_confirms(practice):
    job = upload(csv(HEAD, ANA, "p2,Bea,Ortiz,911,austin"))

    assert (job.state, job.created, job.refused) == ("ready", 1, 1)
    assert not Patient.objects.exists()


@pytest.mark.django_db
def test_a_file_imported_again_is_harmless(practice):
    upload(csv(HEAD, ANA), confirmed=True)

    again = upload(csv(HEAD, ANA), confirmed=True)

    assert (again.created, again.updated, again.unchanged) == (0, 0, 1)


@pytest.mark.django_db
def test_a_discarded_file_leaves_no_rows_behind(practice):
    job = upload(csv(HEAD, ANA))

    jobs.discard(job=job, actor="staff:1", now=NOON)

    assert job.state == "discarded"
    assert not ImportChunk.objects.exists()
    with pytest.raises(Refused):
        jobs.confirm(job=job, actor="staff:1", now=NOON)


@pytest.mark.django_db
def test_a_second_click_on_confirm_is_refused(practice):
    job = upload(csv(HEAD, ANA))
    jobs.confirm(job=job, actor="staff:1", now=NOON)

    with pytest.raises(Refused, match="Importing"):
        jobs.confirm(job=job, actor="staff:1", now=NOON)


@pytest.mark.django_db
def test_the_queue_takes_a_file_in_without_anyone_waiting(practice, drain):
    job = jobs.upload(kind="patients", file_name="a.csv", content=csv(HEAD, ANA), actor="staff:1", now=NOON)
    drain()
    job.refresh_from_db()
    jobs.confirm(job=job, actor="staff:1", now=NOON)

    drain()

    job.refresh_from_db()
    assert job.state == "done"
    assert ImportChunk.objects.get().rows == []  # the file's rows are kept no longer than needed


@pytest.mark.django_db
def test_a_round_ends_in_time_and_the_next_goes_on_where_it_ended(practice, settings, monkeypatch):
    settings.ROUND_SECONDS = 0
    monkeypatch.setattr(jobs.batch, "MOST_ROWS", 1)
    job = jobs.upload(
        kind="patients", file_name="a.csv", content=csv(HEAD, ANA, ANA.replace("p1", "p2")), actor="staff:1", now=NOON
    )

    jobs.advance(job.pk, now=NOON)
    job.refresh_from_db()
    halfway = (job.cursor, job.percent, job.state)
    jobs.advance(job.pk, now=NOON)
    job.refresh_from_db()

    assert halfway == (1, 50, "checking")
    assert job.state == "ready"


@pytest.mark.django_db
def test_a_job_whose_worker_was_killed_is_taken_up_by_the_tick(practice, drain):
    job = jobs.upload(kind="patients", file_name="a.csv", content=csv(HEAD, ANA), actor="staff:1", now=NOON)
    ImportJob.objects.filter(pk=job.pk).update(leased_until=NOON + jobs.LEASE, attempts=1)

    early = jobs.advance_waiting(now=NOON)
    late = jobs.advance_waiting(now=NOON + jobs.LEASE)
    drain()

    job.refresh_from_db()
    assert (early, late, job.state) == (0, 1, "ready")


@pytest.mark.django_db
def test_a_job_that_kills_its_worker_each_time_is_stopped(practice):
    job = jobs.upload(kind="patients", file_name="a.csv", content=csv(HEAD, ANA), actor="staff:1", now=NOON)
    ImportJob.objects.filter(pk=job.pk).update(leased_until=NOON, attempts=jobs.MAX_ATTEMPTS)

    jobs.advance_waiting(now=NOON + timedelta(minutes=1))

    job.refresh_from_db()
    assert job.state == "failed"
    assert "Upload the file again" in job.error


@pytest.mark.django_db
def test_each_step_is_in_the_audit_trail(practice):
    upload(csv(HEAD, ANA), confirmed=True)

    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["import.uploaded", "import.confirmed", "patients.imported", "import.finished"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_job_write_each_row_once(monkeypatch):
    factories.make_location()
    monkeypatch.setattr(jobs.batch, "MOST_ROWS", 5)
    lines = [f"s{n},Service {n},Skin,30,{n}" for n in range(60)]
    job = upload(csv("id,name,category,minutes,price_cents", *lines), kind="services")
    jobs.confirm(job=job, actor="staff:1", now=NOON)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        while jobs._one_chunk(job.pk, NOON):  # as if the lease had run out: both go on at once
            pass
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    job.refresh_from_db()
    assert (job.state, job.created, job.updated, job.unchanged) == ("done", 60, 0, 0)
    assert Service.objects.filter(category="Skin").count() == 60


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_command_says_what_a_file_would_change_and_writes_nothing(practice, tmp_path):
    file = tmp_path / "clients.csv"
    file.write_bytes(csv(HEAD, ANA, "p2,Bea,Ortiz,911,austin"))
    out = io.StringIO()

    call_command("import_csv", str(file), kind="patients", stdout=out)

    assert "2 rows: 1 would be created" in out.getvalue()
    assert "line 3: phone:" in out.getvalue()
    assert not Patient.objects.exists()


@pytest.mark.django_db
def test_the_command_writes_when_told_to(practice, tmp_path):
    file = tmp_path / "clients.csv"
    file.write_bytes(csv(HEAD, ANA))
    out = io.StringIO()

    call_command("import_csv", str(file), kind="patients", confirm=True, json=True, stdout=out)

    assert json.loads(out.getvalue()) == {
        "state": "done", "rows": 1, "created": 1, "updated": 0, "unchanged": 0, "refused": 0, "refusals": [],
    }  # fmt: skip
    assert Patient.objects.get().external_id == "p1"


@pytest.mark.django_db
def test_the_command_names_a_file_that_is_not_there(practice, tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_csv", str(tmp_path / "none.csv"), kind="patients")
