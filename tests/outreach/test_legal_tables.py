"""R6: a legal value that nobody looked at for half a year is a finding."""

import json
from datetime import date, timedelta

import holidays
import pytest

from outreach import checks, legal_tables

REVIEWED = date(2026, 11, 23)


def test_fresh_tables_need_no_review():
    assert legal_tables.overdue(legal_tables.newest_review()) == []


def test_a_row_is_overdue_on_the_181st_day():
    assert legal_tables.overdue(REVIEWED + timedelta(days=180)) == []

    sentences = legal_tables.overdue(REVIEWED + timedelta(days=181))

    assert "texting_hours.json, row TX: last reviewed on 2026-11-23, more than 180 days ago." in sentences
    assert "contact_limits.json, row daily: last reviewed on 2026-11-23, more than 180 days ago." in sentences


def test_a_single_row_set_back_fails_against_the_newest_review(tmp_path, monkeypatch):
    for table in ("texting_hours", "contact_limits", "hand_off_timers", "consent_silence"):
        content = json.loads((legal_tables.FOLDER / f"{table}.json").read_text())
        if table == "texting_hours":
            next(row for row in content["rows"] if row["state"] == "FL")["reviewed_on"] = "2026-05-26"
        (tmp_path / f"{table}.json").write_text(json.dumps(content))
    monkeypatch.setattr(legal_tables, "FOLDER", tmp_path)

    sentences = legal_tables.overdue(legal_tables.newest_review())

    assert sentences == ["texting_hours.json, row FL: last reviewed on 2026-05-26, more than 180 days ago."]


def test_a_list_of_holidays_that_runs_out_is_named():
    assert any("holidays ends on 2028-12-25" in sentence for sentence in legal_tables.overdue(date(2028, 7, 1)))


def test_the_holidays_are_the_federal_ones_with_the_days_on_which_they_are_observed():
    listed = legal_tables.texting_hours().holidays

    federal = holidays.country_holidays("US", years=range(2026, 2029))

    assert {day for day in listed if day.year < 2029} == set(federal)


def test_the_system_check_warns_and_does_not_stop_the_house():
    warnings = checks.legal_tables_are_fresh(today=REVIEWED + timedelta(days=400))

    assert {warning.id for warning in warnings} == {"outreach.W001"}
    assert not any(warning.is_serious() for warning in warnings)


@pytest.mark.parametrize("table", ["texting_hours", "contact_limits", "hand_off_timers", "consent_silence"])
def test_every_row_names_its_source_and_dates(table):
    rows = json.loads((legal_tables.FOLDER / f"{table}.json").read_text())["rows"]

    for row in rows:
        assert row["source"]
        assert date.fromisoformat(row["reviewed_on"])
        assert row["effective_from"] is None or date.fromisoformat(row["effective_from"])


def test_the_version_of_the_tables_fits_into_a_decision():
    assert 0 < len(legal_tables.version()) <= 40
