"""A request to our own doors without a socket: how the embedded stand-ins deliver their webhooks.

The whole stack answers (host check, HTTPS redirect, middleware, the door itself), whoever calls: a worker, a web
process or a test.
"""

from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest


def post(path: str, *, body: bytes, content_type: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """POST to `path` (with query, if any) of PUBLIC_BASE_URL as a vendor would. Returns HTTP status and body.

    A door that breaks is answered 500, as over the wire; nothing is raised for it.
    """
    request = WSGIRequest(_environ(path, body, content_type, headers))
    try:
        # Not WSGIHandler.__call__ and not response.close(): their signals close the database connection, which
        # here is also the caller's.
        response = _handler().get_response(request)
        return response.status_code, response.getvalue()
    finally:
        request.close()


@cache
def _handler() -> WSGIHandler:
    return WSGIHandler()


def _environ(path: str, body: bytes, content_type: str, headers: dict[str, str]) -> dict[str, Any]:
    site, asked = urlsplit(settings.PUBLIC_BASE_URL), urlsplit(path)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(asked.path).decode("latin-1"),
        "QUERY_STRING": asked.query,
        "SERVER_NAME": site.hostname or "localhost",
        "SERVER_PORT": str(site.port or (443 if site.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": site.netloc,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": site.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if settings.SECURE_PROXY_SSL_HEADER:  # what the proxy in front would have said
        name, secure = settings.SECURE_PROXY_SSL_HEADER
        environ[name] = secure if site.scheme == "https" else "http"
    for name, value in headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ
