import json
import logging

import pytest
from django.http import HttpResponse

from common.logs import IdFilter, JsonFormatter, RequestIdMiddleware, scrub, traced


@pytest.fixture
def sink():
    """A logger as settings.LOGGING builds it, and the lines it wrote."""
    lines = []

    class Sink(logging.Handler):
        def emit(self, record):
            lines.append(json.loads(self.format(record)))

    handler = Sink()
    handler.setFormatter(JsonFormatter())
    handler.addFilter(IdFilter())
    logger = logging.getLogger("tests.sink")
    logger.propagate = False
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield logger, lines
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    "personal",
    [
        "+15125550123",
        "(512) 555-0123",
        "512.555.0123",
        "4242 4242 4242 4242",
        "4000000000000341",
        "ana.o+spa@patients.example",
    ],
)
def test_numbers_and_addresses_of_people_are_scrubbed(personal):
    """R119."""
    text = scrub(f"could not send to {personal}: carrier said no")

    assert personal not in text
    assert text.startswith("could not send to ")
    assert text.endswith("]: carrier said no")


def test_the_secret_of_a_patients_link_is_scrubbed():
    assert scrub("GET /m/Zm9vYmFyYmF6cXV4MTIzNDU2Nzg/ 200") == "GET /m/…/ 200"


@pytest.mark.parametrize("plain", ["message 1234 failed with 30007", "took 12.5 s", "in_1PgafmB7WZ01zgkW", "staff:3"])
def test_what_an_operator_needs_is_left_alone(plain):
    assert scrub(plain) == plain


def test_a_log_line_is_json_with_level_name_time_and_trace(sink):
    logger, lines = sink

    with traced("task", "send:7"):
        logger.warning("held", extra={"message_id": 7})

    (line,) = lines
    assert line["levelname"] == "WARNING"
    assert line["name"] == "tests.sink"
    assert line["message"] == "held"
    assert line["message_id"] == 7
    assert line["trace"] == "task:send:7"
    assert "timestamp" in line


def test_arguments_extras_and_tracebacks_are_scrubbed(sink):
    """R119: a canary in any part of the record does not reach the sink."""
    logger, lines = sink
    canary = "+15125550199"

    try:
        raise ValueError(f"no route to {canary}")
    except ValueError:
        logger.exception("failed for %s", canary, extra={"recipient": canary})

    assert canary not in json.dumps(lines)
    assert "ValueError: no route to [number]" in lines[0]["exc_info"]


def test_objects_and_nested_extras_are_scrubbed(sink, rf):
    """Django logs the request itself beside a 404: its text holds the address, and a link's address is a secret."""
    logger, lines = sink
    secret = "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg"

    logger.warning("no", extra={"request": rf.get(f"/m/{secret}/"), "found": {"to": ["+15125550199"]}, "count": 3})

    assert secret not in json.dumps(lines)
    assert lines[0]["request"] == "GET /m/…/"
    assert lines[0]["found"] == {"to": ["[number]"]}
    assert lines[0]["count"] == 3


def test_traces_nest_and_end(sink):
    logger, lines = sink

    with traced("request", "outer"):
        with traced("task", "inner"):
            logger.info("in")
        logger.info("between")
    logger.info("out")

    assert [line["trace"] for line in lines] == ["task:inner", "request:outer", ""]


def test_a_trace_ends_when_its_work_fails(sink):
    logger, lines = sink

    with pytest.raises(ValueError, match="broken"), traced("task", "7"):
        raise ValueError("broken")
    logger.info("after")

    assert lines[0]["trace"] == ""


def test_each_request_has_its_own_id_in_its_log_lines_and_its_answer(sink, rf):
    logger, lines = sink

    def view(request):
        logger.info("seen")
        return HttpResponse()

    middleware = RequestIdMiddleware(view)
    ids = [middleware(rf.get("/"))["X-Request-Id"] for _ in range(200)]

    # Two hundred: an id with many digits must not be taken for a phone number and scrubbed.
    assert [line["trace"] for line in lines] == [f"request:{each}" for each in ids]
    assert len(set(ids)) == 200


def test_what_was_searched_for_is_not_logged_with_a_failed_request(sink, rf):
    """R119: the text of a request object has its query."""
    logger, lines = sink

    logger.error("Internal Server Error: /members/", extra={"request": rf.get("/members/?q=Ortiz")})

    assert lines[0]["request"] == "GET /members/"
