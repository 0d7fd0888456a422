"""Links that patients get: signed, expiring, revocable, one purpose each (R151, R152)."""

import base64
import hashlib
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.utils.crypto import salted_hmac

from common import doors
from common.errors import Refused
from members.models import Invoice, Membership, PatientLink, Quote

LIFETIME = timedelta(days=7)


def issue(
    *, membership: Membership, purpose: str, now: datetime, invoice: Invoice | None = None, quote: Quote | None = None
) -> PatientLink:
    """A new link. Its token is derived from the row's uuid and our secret; only the token's hash is stored."""
    uuid = uuid4()
    return PatientLink.objects.create(
        uuid=uuid,
        token_hash=_hash(_token(uuid)),
        purpose=purpose,
        membership=membership,
        invoice=invoice,
        quote=quote,
        created_at=now,
        expires_at=now + LIFETIME,
    )


def url(link: PatientLink) -> str:
    """The absolute address to text. It is made anew at each call and never stored."""
    base: str = settings.PUBLIC_BASE_URL
    return base + doors.PATIENT_LINK.format(token=_token(link.uuid))


def find(token: str, *, now: datetime) -> PatientLink:
    """The link behind a token. Raises Refused: bad_link (forged, mistyped) or expired_link (old, revoked)."""
    link = (
        PatientLink.objects.select_related(
            "membership__patient__home_location",
            "membership__location",
            "membership__plan",
            "membership__plan_version",
            "invoice",
            "quote__plan_version__plan",
        )
        .filter(token_hash=_hash(token))
        .first()
    )
    if link is None:
        raise Refused("This link is not one of ours, or a part of it is missing.", code="bad_link")
    if not link.is_usable(now):
        raise Refused("This link has expired. Text us and we will send a new one.", code="expired_link")
    return link


def revoke(*, link: PatientLink, now: datetime) -> None:
    PatientLink.objects.filter(pk=link.pk, revoked_at__isnull=True).update(revoked_at=now)


def _token(uuid: UUID) -> str:
    """160 bits, URL-safe."""
    digest = salted_hmac("members.links", str(uuid), algorithm="sha256").digest()[:20]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
