"""CSV patients from the file to the last row written, against COPY of the same file into a bare table."""

from django.db import connection

from bench.harness import Result, medians, seconds
from common import clock
from members.importing import jobs
from members.models import ImportJob, Location

NAME = "import"
_HEADER = (
    "external_id,first_name,last_name,phone,email,birth_date,state,zip_code,sms_marketing,consent_wording,consent_at"
)
_GOAL = 100_000 / 120  # rows/s: 100,000 in under two minutes
_WORDING = "I agree to receive marketing texts from Glow Theory. Not a condition of purchase."


def measure(members: int, runs: int) -> list[Result]:
    """Raises RuntimeError when a row is refused: then the figure would count rows that were not written."""
    _location()
    took, floor = medians(runs, lambda run: _once(members, run))
    rate, copied = members / took, members / floor
    details = {"rows": members, "seconds": round(took, 2)}
    return [Result(NAME, rate, "rows/s", copied, rate / copied, ">= 833 rows/s", rate >= _GOAL, details)]


def _location() -> None:
    Location.objects.create(
        name="Austin", external_id="austin", time_zone="America/Chicago", street="1200 South Lamar Blvd", city="Austin",
        state="TX", zip_code="78704", phone="+15125550100",
    )  # fmt: skip


def _once(members: int, run: int) -> tuple[float, float]:
    content = _file(members, run)
    return seconds(lambda: _take_in(content, members)), seconds(lambda: _copy(content))


def _file(members: int, run: int) -> bytes:
    """Half of them with consent to marketing."""
    lines = [_HEADER]
    for at in range(members):
        agreed = f'yes,"{_WORDING}",2026-01-05T10:00:00Z' if at % 2 else ",,"
        number = f"+1{(512, 480, 713, 917)[run % 4]}{3_000_000 + at}"
        lines.append(f"imp-{run}-{at},Ana,Row{at},{number},i{run}-{at}@patients.example,1988-04-02,TX,78704,{agreed}")
    return "\n".join(lines).encode()


def _take_in(content: bytes, members: int) -> None:
    job = jobs.upload(kind="patients", file_name="bench.csv", content=content, actor="system", now=clock.now())
    jobs.work_off(job.pk, now=clock.now())
    job.refresh_from_db()
    jobs.confirm(job=job, actor="system", now=clock.now())
    jobs.work_off(job.pk, now=clock.now())
    job.refresh_from_db()
    if (job.state, job.created) != (ImportJob.State.DONE, members):
        why = next((refusal.errors for refusal in jobs.refusals(job)), "")
        raise RuntimeError(f"{job.created} of {members} rows were written; the import is {job.state}. {why}")


def _copy(content: bytes) -> None:
    columns = ", ".join(f"{name} text" for name in _HEADER.split(","))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS bench_copy; CREATE TABLE bench_copy ({columns})")
        with cursor.copy("COPY bench_copy FROM STDIN (FORMAT csv, HEADER)") as copying:
            copying.write(content)
