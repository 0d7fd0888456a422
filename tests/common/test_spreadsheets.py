"""CSV that is safe to open."""

import pytest

from common import spreadsheets


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_that_a_spreadsheet_would_run_is_only_text(cell):
    assert spreadsheets.harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Ana", "", -5, 3.5, None, "a=b"])
def test_other_cells_stay_as_they_are(cell):
    assert spreadsheets.harmless(cell) == cell


def test_the_file_is_a_download_that_excel_reads_as_utf_8():
    answer = spreadsheets.response("people.csv", ("Name",), [("Zoë",)])

    assert answer.content == "\ufeffName\r\nZoë\r\n".encode()
    assert answer["Content-Disposition"] == 'attachment; filename="people.csv"'
