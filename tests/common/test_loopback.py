"""Our own doors answer without a socket."""

import json

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from common import loopback


@csrf_exempt
def echo(request: HttpRequest, name: str) -> JsonResponse:
    return JsonResponse(
        {
            "url": request.build_absolute_uri(),
            "secure": request.is_secure(),
            "method": request.method,
            "type": request.content_type,
            "signed": request.headers.get("X-Twilio-Signature"),
            "form": request.POST.dict(),
            "name": name,
        }
    )


def guarded(request: HttpRequest) -> HttpResponse:
    return HttpResponse("never reached without a CSRF token")


@csrf_exempt
def broken(request: HttpRequest) -> HttpResponse:
    raise ValueError("a defect in a door")


urlpatterns = [path("echo/<name>/", echo), path("guarded/", guarded), path("broken/", broken)]

pytestmark = pytest.mark.urls(__name__)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def _fresh_middleware():
    """Middleware reads its settings when it is made."""
    loopback._handler.cache_clear()
    yield
    loopback._handler.cache_clear()


def _post(where: str, body: bytes = b"Body=Hi+there") -> tuple[int, dict]:
    status, answer = loopback.post(where, body=body, content_type=FORM, headers={"X-Twilio-Signature": "abc"})
    return status, json.loads(answer)


def test_a_door_sees_the_form_the_headers_and_the_public_address():
    status, seen = _post("/echo/Zo%C3%AB/?a=1")

    assert status == 200
    assert seen == {
        "url": "http://testserver/echo/Zo%C3%AB/?a=1",
        "secure": False,
        "method": "POST",
        "type": FORM,
        "signed": "abc",
        "form": {"Body": "Hi there"},
        "name": "Zoë",
    }


def test_an_https_site_is_not_redirected(settings):
    settings.PUBLIC_BASE_URL = "https://glow.example"
    settings.ALLOWED_HOSTS = ["glow.example"]
    settings.SECURE_SSL_REDIRECT = True

    status, seen = _post("/echo/x/")

    assert (status, seen["secure"], seen["url"]) == (200, True, "https://glow.example/echo/x/")


def test_an_https_site_behind_a_proxy_is_not_redirected_either(settings):
    settings.PUBLIC_BASE_URL = "https://glow.example"
    settings.ALLOWED_HOSTS = ["glow.example"]
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    status, seen = _post("/echo/x/")

    assert (status, seen["secure"]) == (200, True)


def test_the_middleware_is_in_force():
    status, _ = loopback.post("/guarded/", body=b"", content_type=FORM, headers={})

    assert status == 403


def test_a_broken_door_answers_500_and_raises_nothing():
    status, _ = loopback.post("/broken/", body=b"", content_type=FORM, headers={})

    assert status == 500


@pytest.mark.django_db(transaction=True)
def test_the_callers_database_connection_stays_open():
    from django.db import connection

    connection.ensure_connection()
    held = connection.connection

    _post("/echo/x/")

    assert connection.connection is held
