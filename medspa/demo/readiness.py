"""Is the demo's web process ready?"""

import http.client
import json
import time
from urllib.parse import urlsplit

from django.conf import settings


class Wait:
    """Asks /readyz from time to time, until it answers 200 or the patience ends."""

    def __init__(self, host: str, port: int, *, seconds: float) -> None:
        self.host, self.port = _reachable(host), port
        self.deadline = time.monotonic() + seconds
        self.succeeded = False
        self.last = "no answer yet"

    def is_over(self) -> bool:
        self.succeeded = self.succeeded or self._ask()
        return self.succeeded or time.monotonic() >= self.deadline

    def _ask(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=5)
        try:
            connection.request("GET", "/readyz", headers={"Host": urlsplit(settings.PUBLIC_BASE_URL).netloc})
            answer = connection.getresponse()
            self.last = _in_words(answer.status, answer.read())
            return answer.status == http.client.OK
        except (OSError, http.client.HTTPException) as error:
            self.last = str(error)
            return False
        finally:
            connection.close()


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104  (not bound, asked)


def _in_words(status: int, body: bytes) -> str:
    try:
        checks = json.loads(body)["checks"]
    except (ValueError, KeyError, TypeError):
        return f"/readyz answered {status}"
    failing = [name for name, check in checks.items() if not check.get("ok")]
    return f"/readyz answered {status}" + (f", not well: {', '.join(failing)}" if failing else "")
