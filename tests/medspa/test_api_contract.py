"""The API against its own description: whatever fits is answered as described, whatever does not is refused.

Schemathesis makes the requests; they go through the whole stack (host check, middleware, URLs), without a socket.
"""

from typing import Any

import pytest
import requests
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, settings

from common import clock
from concierge import readings
from medspa.api import api
from members import api_keys
from members.models import ApiKey, ApiReplay
from tests import factories
from tests.conftest import run_queued_tasks

pytestmark = pytest.mark.django_db


def described() -> dict[str, Any]:
    """Without what it says of keys: every request here carries a good one (without: tests/medspa/test_api.py)."""
    whole = dict(api.get_openapi_schema())
    for operations in whole["paths"].values():
        for operation in operations.values():
            operation.pop("security")
    return whole


schema = schemathesis.openapi.from_dict(described())


@pytest.fixture
def bearer():
    membership = factories.make_membership()
    membership.patient.external_id = "p1"
    membership.patient.save(update_fields=["external_id"])
    _, token = api_keys.issue(
        name="Schemathesis", scopes=ApiKey.Scope.values, actor="test", now=clock.now(), requests_a_minute=6000
    )
    return f"Bearer {token}"


@pytest.fixture(autouse=True)
def _worker(monkeypatch):
    """A worker runs beside the API, and has done its work by the time the API looks for it."""
    take = readings.take

    def after_work(asked):
        run_queued_tasks()
        return take(asked)

    monkeypatch.setattr(readings, "take", after_work)


def answer(case: schemathesis.Case, bearer: str) -> schemathesis.Response:
    """The case through Django's own test client, in the shape that schemathesis judges."""
    sent = case.as_transport_kwargs(base_url="http://testserver")
    sent.pop("cookies", None)
    request = requests.Request(**{**sent, "headers": {**sent.get("headers", {}), "Authorization": bearer}}).prepare()
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
    response = Client(raise_request_exception=False).generic(
        request.method, request.url.removeprefix("http://testserver"), body,
        content_type=request.headers.get("Content-Type", ""), **headers,
    )  # fmt: skip
    return schemathesis.Response(
        status_code=response.status_code,
        headers={name.lower(): [value] for name, value in response.headers.items()},
        content=response.content,
        request=request,
        elapsed=0.0,
        verify=False,
    )


@schema.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_api_keeps_to_its_description(case, bearer):
    ApiReplay.objects.all().delete()  # the examples share a database, and like the same few keys

    response = answer(case, bearer)

    case.validate_response(response)
