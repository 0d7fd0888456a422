"""CSV files as practices have them: read with patience for form, and none for content. No database.

BOM or none, comma, semicolon, tab or bar, quoted newlines, headings in other words: read. Other encodings than
UTF-8 and UTF-16, headings that say nothing or the same twice: refused with a sentence.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from common import redaction
from common.errors import Refused
from members.importing.rows import Row

MOST_BYTES = 50 * 1024 * 1024
MOST_FILE_ROWS = 500_000
LONGEST_ROW = 20_000  # characters; the longest honest row has some 2,000
_DELIMITERS = ",;\t|"
_ZIP = b"PK\x03\x04"  # .xlsx
_UTF16 = (b"\xff\xfe", b"\xfe\xff")

# Other words for a field. The first word is what the word in the heading is called here.
_SYNONYMS = {
    "external_id": "id patient_id client_id guest_id customer_id appointment_id visit_id booking_id membership_id "
    "service_id credit_id payment_id transaction_id number",
    "first_name": "firstname first given_name",
    "last_name": "lastname last surname family_name",
    "phone": "mobile cell mobile_phone cell_phone phone_number telephone tel",
    "email": "e_mail email_address mail",
    "birth_date": "birthday dob date_of_birth birthdate",
    "language": "preferred_language lang",
    "zip_code": "zip postal_code postcode",
    "time_zone": "timezone tz",
    "location": "home_location center centre clinic site location_id",
    "joined_on": "joined since client_since created_on",
    "sms_marketing": "text_marketing sms_marketing_consent",
    "email_marketing": "newsletter email_marketing_consent",
    "sms_opt_out": "text_opt_out do_not_text opted_out unsubscribed",
    "email_opt_out": "do_not_email email_unsubscribed",
    "name": "service service_name title",
    "duration_minutes": "duration minutes length",
    "price_cents": "price list_price",
    "amount_cents": "amount total",
    "patient": "patient_id client client_id guest guest_id customer_id patient_external_id",
    "plan": "plan_name membership membership_name membership_plan tier",
    "started_on": "start_date started member_since start",
    "service": "service_id service_name treatment",
    "starts_at": "start start_time date_time appointment_time start_at",
    "ends_at": "end end_time end_at",
    "membership": "membership_id member_id",
    "quantity": "qty credits count",
    "expires_at": "expires expiry expiration expiration_date",
    "charged_at": "date charge_date attempted_at",
}
_IN_DOLLARS = {"price", "list_price", "amount", "total"}  # headings that mean $189.00, not 18900
_ARMOUR = re.compile(r"^'(?=[=+\-@])")  # what our own downloads put before a would-be formula
_DOLLARS = re.compile(r"^\$?\s*(\d{1,3}(?:,\d{3})*|\d+)(?:\.(\d{1,2}))?$")


@dataclass(frozen=True)
class Sheet:
    """A file's heading, read: the field of each column ('' where a column is left out)."""

    headers: list[str]
    columns: list[str]
    rows: Iterator[tuple[int, list[str], str]]  # line in the file, cells, why the row cannot be read

    @property
    def left_out(self) -> list[str]:
        return [header for header, name in zip(self.headers, self.columns, strict=True) if not name]


def read(content: bytes, row_model: type[Row]) -> Sheet:
    """Read a file's heading; its rows come as they are asked for. Raises Refused for a file that cannot be read."""
    if len(content) > MOST_BYTES:
        raise Refused(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it.", code="too_large")
    if content.startswith(_ZIP):
        raise Refused("This is an Excel workbook. Save it as “CSV UTF-8” and upload that.", code="encoding")
    text = _decoded(content)
    rows = csv.reader(_lines(text), delimiter=_delimiter(text))
    heading = next(_rows(rows), None)
    if heading is None:
        raise Refused("The file is empty. Its first line must name the columns.", code="empty")
    _, cells, wrong = heading
    if wrong:
        raise Refused(wrong, code="encoding")
    headers = [header.strip()[:80] for header in cells]
    return Sheet(headers, _columns(headers, row_model), _rows(rows))


def named(columns: list[str], headers: list[str], cells: list[str]) -> dict[str, Any]:
    """The cells of a row by field. Empty cells are left out; prices in dollars become cents."""
    row: dict[str, Any] = {}
    for name, header, cell in zip(columns, headers, cells, strict=False):
        if name and cell.strip():
            text = _ARMOUR.sub("", cell.strip())
            row[name] = _cents(text) if _word(header) in _IN_DOLLARS else text
    return row


def _lines(text: str) -> Iterator[str]:
    """Line by line, as a csv reader wants them; it would stop at a NUL."""
    for line in io.StringIO(text, newline=""):
        yield line.replace("\x00", "\ufffd")


def _rows(reader: Any) -> Iterator[tuple[int, list[str], str]]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, [], f"This row is too long: a cell holds at most {csv.field_size_limit():,} characters."
            continue
        if any(cell.strip() for cell in cells):
            yield line, *_readable(cells)


def _readable(cells: list[str]) -> tuple[list[str], str]:
    if sum(map(len, cells)) > LONGEST_ROW:
        return [_beginning(cell) for cell in cells[:20]], f"This row is too long: at most {LONGEST_ROW:,} characters."
    if any("\ud800" <= letter <= "\udfff" or letter == "\ufffd" for cell in cells for letter in cell):
        clean = [re.sub("[\ud800-\udfff]", "\ufffd", cell) for cell in cells]
        return clean, "This row is not UTF-8 text. Save the file as “CSV UTF-8” and upload it again."
    return cells, ""


def _beginning(cell: str) -> str:
    """Cut only after the card numbers are out: half of one would not be known for what it is."""
    return redaction.redact(cell[:200])[:80]


def _decoded(content: bytes) -> str:
    if content.startswith(_UTF16):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise Refused("The file is damaged: it begins as UTF-16 and goes on otherwise.", code="encoding") from None
    # Line by line: a name in another encoding spoils its own row only.
    return content.decode("utf-8-sig", errors="surrogateescape")


def _delimiter(text: str) -> str:
    heading = text.lstrip("\r\n").partition("\n")[0]
    return max(_DELIMITERS, key=heading.count)


def _word(header: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", header.strip().casefold()).strip("_")


def _columns(headers: list[str], row_model: type[Row]) -> list[str]:
    fields = row_model.model_fields
    others = {word: name for name, words in _SYNONYMS.items() if name in fields for word in words.split()}
    # A heading that is a field's own name wins: "service" is one thing for a visit and another for a service.
    columns = [word if (word := _word(header)) in fields else "" for header in headers]
    for place, header in enumerate(headers):
        name = others.get(_word(header), "")
        if not columns[place] and name and name not in columns:
            columns[place] = name
    if twice := sorted({name for name in columns if name and columns.count(name) > 1}):
        raise Refused(f"Two columns are called {twice[0]}. Leave one.", code="columns")
    needed = [name for name, field in fields.items() if field.is_required()]
    if missing := [name for name in needed if name not in columns]:
        raise Refused(
            f"A column is missing: {', '.join(missing)}. The first line must name the columns.", code="columns"
        )
    return columns


def _cents(written: str) -> Any:
    found = _DOLLARS.match(written)
    if not found:
        return written
    return int(found[1].replace(",", "")) * 100 + int((found[2] or "").ljust(2, "0"))
