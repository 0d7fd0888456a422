"""One signed POST to an address that an owner entered: https and public only, or an owner could look into our network.

The name is looked up once, every answer is checked, and the connection goes to the checked address; a second look-up
could answer otherwise. Redirects are not followed.
"""

import base64
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from common.errors import Refused

_SECONDS = 5
_READ = 1024
_MARK = "whsec_"


@dataclass(frozen=True)
class Answer:
    """`status` 0: no answer; `error` says why."""

    status: int
    error: str = ""

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300


def check(url: str) -> tuple[str, int, str]:
    """(host, port, IP address) of an address that may be posted to. Raises Refused for any other.

    The demo posts to this machine too, or there would be nothing to try it with.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Refused("This is no web address.", code="bad_url") from None
    if parts.scheme != "https" and not (settings.DEMO and parts.scheme == "http"):
        raise Refused("The address must begin with https://.", code="bad_url")
    if not host or parts.username or parts.password:
        raise Refused("Write the address without a name and password in it.", code="bad_url")
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise Refused(f"{host} cannot be found.", code="unknown_host") from None
    if not found or not (settings.DEMO or all(_is_public(address) for address in found)):
        raise Refused(f"{host} is inside a private network. Use a public address.", code="private_host")
    return host, port, sorted(found)[0]


def post(url: str, *, body: bytes, headers: dict[str, str]) -> Answer:
    """Send and say what came back; nothing is raised for an endpoint that fails."""
    try:
        host, port, address = check(url)
    except Refused as refused:
        return Answer(0, refused.message)
    parts = urlsplit(url)
    connection = (_Secure if parts.scheme == "https" else _Plain)(host, port, address)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
        connection.request("POST", target, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read(_READ)
        return Answer(answer.status, "" if 200 <= answer.status < 300 else f"Answered {answer.status}.")
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, f"No answer: {type(error).__name__}.")
    finally:
        connection.close()


def signature(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """By the Standard Webhooks specification: v1 and the HMAC-SHA256 of id, timestamp and body."""
    key = base64.b64decode(secret.removeprefix(_MARK))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    return (inner or ip).is_global and not ip.is_multicast


class _Plain(http.client.HTTPConnection):
    def __init__(self, host: str, port: int, address: str) -> None:
        super().__init__(host, port, timeout=_SECONDS)
        self.address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), timeout=_SECONDS)


class _Secure(_Plain):
    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
