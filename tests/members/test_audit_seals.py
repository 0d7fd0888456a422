"""The audit trail: written by verbs, chained by the sealer, refused to change, and any tampering is named."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from common import clock
from members import audit, audit_check, audit_seals, consent
from members.models import AuditEntry, AuditSeal, ConsentEntry, Escalation
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def record(count: int = 1, *, at=NOON, patient=None) -> list[AuditEntry]:
    return [
        audit.record("credit.spent", actor="staff:3", patient=patient, now=at, data={"quantity": -number, "left": 2})
        for number in range(count)
    ]


def tamper(sql: str, *values) -> None:
    """As somebody with the database's own password would."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET session_replication_role = replica")
        else:
            cursor.execute("PRAGMA defer_foreign_keys = ON")
        cursor.execute(sql, values)
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = origin")


def test_entries_are_chained_by_the_next_round_and_the_chain_holds():
    """R116: append-only, reviewable."""
    record(3)

    sealed = audit_seals.seal(now=NOON + MINUTE)

    found = audit_seals.verify()
    assert sealed == 3
    assert (found.holds, found.links, found.unsealed) == (True, 3, 0)
    assert found.head == AuditSeal.objects.get(position=3).digest


def test_a_second_round_takes_only_what_is_new():
    record(2)
    audit_seals.seal(now=NOON + MINUTE)
    record(1)

    sealed = [audit_seals.seal(now=NOON + 2 * MINUTE), audit_seals.seal(now=NOON + 3 * MINUTE)]

    assert sealed == [1, 0]
    assert list(AuditSeal.objects.values_list("position", flat=True)) == [1, 2, 3]


def test_an_entry_that_became_visible_late_is_sealed_when_it_appears():
    """PostgreSQL gives out the id when the row is written, and shows it when its transaction ends."""
    late, prompt = record(2)
    AuditSeal.objects.create(
        position=1,
        entry=prompt,
        day=NOON.date(),
        sealed_at=NOON + MINUTE,
        digest=audit_seals._digest(audit_seals._START, 1, prompt.pk, audit_seals._content(prompt)),
    )

    audit_seals.seal(now=NOON + 2 * MINUTE)

    assert AuditSeal.objects.get(entry=late).position == 2
    assert audit_seals.verify().holds


def test_many_batches_make_one_chain(monkeypatch):
    monkeypatch.setattr(audit_seals, "BATCH", 4)
    record(11)

    sealed = audit_seals.seal(now=NOON + MINUTE)

    assert sealed == 11
    assert audit_seals.verify().links == 11


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'staff:9'",
        "action = 'credit.granted'",
        "at = '2026-06-01 09:00:00+00:00'",
        "origin = '10.0.0.1'",
        "patient_id = NULL",
        """data = '{"quantity": -7, "left": 2}'""",
    ],
)
def test_any_change_of_a_sealed_entry_is_named(change):
    patient = factories.make_patient()
    entries = record(5, patient=patient)
    audit_seals.seal(now=NOON + MINUTE)

    tamper(f"UPDATE members_auditentry SET {change} WHERE id = %s", entries[2].pk)

    broken = audit_seals.verify().broken
    assert broken is not None
    assert (broken.position, broken.entry, broken.words) == (3, entries[2].pk, "was changed after it was sealed")


@pytest.mark.parametrize("with_its_link", [False, True])
def test_a_deleted_entry_is_missed(with_its_link):
    entries = record(4)
    audit_seals.seal(now=NOON + MINUTE)
    if with_its_link:
        tamper("DELETE FROM members_auditseal WHERE entry_id = %s", entries[1].pk)

    tamper("DELETE FROM members_auditentry WHERE id = %s", entries[1].pk)

    broken = audit_seals.verify().broken
    assert broken is not None
    assert broken.position == 2
    assert broken.entry == (None if with_its_link else entries[1].pk)
    if not with_its_link:  # leave no dangling key for the end of the test
        tamper("DELETE FROM members_auditseal WHERE entry_id = %s", entries[1].pk)


def test_an_entry_slipped_in_among_old_ones_is_found():
    before, between, after = record(3)
    tamper("DELETE FROM members_auditentry WHERE id = %s", between.pk)
    audit_seals.seal(now=NOON + MINUTE)
    audit_seals.seal(now=NOON + MINUTE + HOUR)  # saw all that could still come up honestly

    AuditEntry.objects.create(pk=between.pk, at=NOON, actor="staff:3", action="credit.spent")

    audit_seals.seal(now=NOON + DAY)
    broken = audit_seals.verify().broken
    assert before.pk < between.pk < after.pk
    assert broken is not None
    assert broken.entry == between.pk


def test_an_honest_entry_that_came_up_while_the_sealer_rested_is_sealed_and_holds():
    """Its transaction ended after the last round, and the next round was hours later."""
    late, prompt = record(2)
    tamper("DELETE FROM members_auditentry WHERE id = %s", late.pk)
    audit_seals.seal(now=NOON + MINUTE)
    AuditEntry.objects.create(pk=late.pk, at=NOON, actor="staff:3", action="credit.spent")

    before = audit_seals.verify()
    audit_seals.seal(now=NOON + 3 * HOUR)

    assert before.holds
    assert AuditSeal.objects.get(entry=late.pk).position == 2
    assert audit_seals.verify().holds
    assert prompt.pk > late.pk


class TestTheNightlyCheck:
    def test_it_goes_through_the_chain_in_pieces_once_a_day_and_notes_what_it_saw(self, monkeypatch):
        """R118: reviewed by itself, not only when somebody asks."""
        monkeypatch.setattr(audit_seals, "BATCH", 4)
        record(10)
        audit_seals.seal(now=NOON + MINUTE)

        whole = [audit_check.work(now=NOON + HOUR), audit_check.work(now=NOON + 2 * HOUR)]

        assert whole == [10, 0]
        assert AuditEntry.objects.get(action="audit.verified").data["holds"] is True
        assert not Escalation.objects.exists()
        assert audit_check.work(now=NOON + DAY) == 10

    def test_the_first_broken_row_opens_one_case_however_often_it_is_found(self):
        entries = record(5)
        audit_seals.seal(now=NOON + MINUTE)
        for entry in entries[2:4]:
            tamper("UPDATE members_auditentry SET actor = 'staff:9' WHERE id = %s", entry.pk)

        for nights in range(3):
            audit_check.work(now=NOON + nights * DAY)

        case = Escalation.objects.get()
        assert case.reason == "audit"
        assert f"Entry {entries[2].pk} (link 3) was changed after it was sealed" in case.summary

    def test_a_link_that_was_taken_out_at_the_end_of_a_piece_is_found(self, monkeypatch):
        monkeypatch.setattr(audit_seals, "BATCH", 4)
        record(12)
        audit_seals.seal(now=NOON + MINUTE)
        tamper("DELETE FROM members_auditseal WHERE position BETWEEN 5 AND 8")

        audit_check.work(now=NOON + HOUR)

        assert "(link 5)" in Escalation.objects.get().summary

    def test_a_row_slipped_in_opens_a_case_too(self):
        _, between, _ = record(3)
        tamper("DELETE FROM members_auditentry WHERE id = %s", between.pk)
        audit_seals.seal(now=NOON + MINUTE)
        audit_seals.seal(now=NOON + MINUTE + HOUR)
        AuditEntry.objects.create(pk=between.pk, at=NOON, actor="staff:3", action="credit.spent")

        audit_check.work(now=NOON + DAY)

        assert f"Entry {between.pk} " in Escalation.objects.get().summary


def test_a_chain_cut_off_at_its_end_fails_on_the_head_that_was_noted_down():
    entries = record(3)
    audit_seals.seal(now=NOON + MINUTE)
    head = audit_seals.verify()

    tamper("DELETE FROM members_auditseal WHERE position = 3")
    tamper("DELETE FROM members_auditentry WHERE id = %s", entries[2].pk)

    assert audit_seals.verify().holds  # looks whole by itself
    assert not audit_seals.verify(known=(head.position, head.head)).holds


def test_one_day_is_verified_from_its_first_link():
    record(2)
    audit_seals.seal(now=NOON)
    record(3, at=NOON + DAY)
    audit_seals.seal(now=NOON + DAY)

    found = audit_seals.verify(day=(NOON + DAY).date())

    assert (found.holds, found.links, found.position) == (True, 3, 5)


@pytest.mark.parametrize("table", ["members_auditentry", "members_consententry", "members_auditseal"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
@pytest.mark.postgres
def test_the_database_refuses_to_change_history(table, statement):
    """R38, R116."""
    factories.agree(factories.make_patient())
    record()
    audit_seals.seal(now=NOON)
    sql = statement.format(table).replace("id = id", "digest = digest" if "seal" in table else "id = id")

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("model", [AuditEntry, AuditSeal, ConsentEntry])
def test_the_models_refuse_to_change_history(model):
    """R117: kept, not purged; on SQLite too."""
    consent.opt_out(address="+15125550111", channel="sms", wording="STOP", source="text", now=NOON)
    audit_seals.seal(now=NOON)
    row = model.objects.get()

    for change in (row.save, row.delete, model.objects.all().delete, lambda: model.objects.update(pk=5)):
        with pytest.raises(TypeError, match="append-only"):
            change()


def test_an_entry_says_where_the_request_came_from(client):
    """R116: who, what patient, when, from where."""
    client.force_login(factories.make_staff())
    patient = factories.make_patient()

    client.get(f"/members/{patient.pk}/", REMOTE_ADDR="203.0.113.9")

    viewed = AuditEntry.objects.get(action="patient.viewed")
    assert (viewed.origin, viewed.patient) == ("203.0.113.9", patient)
    assert record()[0].origin == ""  # a task has none


def verify_audit(*args: str) -> str:
    out = StringIO()
    call_command("verify_audit", *args, stdout=out)
    return out.getvalue()


@pytest.fixture
def _today(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.mark.usefixtures("_today")
def test_the_command_proves_the_trail_and_prints_a_head_to_note_down():
    record(2)
    audit_seals.seal(now=NOON)

    said = verify_audit()
    head = said.partition("Head: ")[2].strip()
    again = json.loads(verify_audit("--json", "--known", head))

    assert "2 entries" in said
    assert again["holds"] is True
    assert AuditEntry.objects.filter(action="audit.verified", actor="system").count() == 2


@pytest.mark.usefixtures("_today")
def test_the_command_names_the_first_broken_row_and_fails():
    entries = record(3)
    audit_seals.seal(now=NOON)
    tamper("UPDATE members_auditentry SET actor = 'staff:9' WHERE id = %s", entries[1].pk)

    with pytest.raises(CommandError, match=f"link 2: entry {entries[1].pk} was changed") as failure:
        verify_audit()

    assert failure.value.returncode == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--day", "yesterday"), "is no date"),
        (("--day", "2020-01-01"), "Nothing was sealed"),
        (("--known", "12"), "POSITION:DIGEST"),
    ],
)
def test_the_command_says_what_is_wrong_with_its_arguments(args, words):
    with pytest.raises(CommandError, match=words):
        verify_audit(*args)
