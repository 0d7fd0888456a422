"""Keys by which other systems come in: shown once, kept as a hash, revoked for good."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from common.errors import Refused
from members import audit
from members.models import ApiKey, StaffUser

_MARK = "msk"  # so that a scanner of leaked secrets knows one when it sees it
_NOTED_EACH = timedelta(minutes=1)
MOST_A_MINUTE = 6000


def issue(
    *,
    name: str,
    scopes: Collection[str],
    actor: str,
    now: datetime,
    by: StaffUser | None = None,
    requests_a_minute: int = 120,
) -> tuple[ApiKey, str]:
    """A new key and its secret words, which cannot be shown again. Raises Refused without a name or a known scope."""
    known = sorted(set(scopes) & set(ApiKey.Scope.values))
    if not name.strip():
        raise Refused("Say which system will use the key.", code="no_name")
    if not known or len(known) != len(set(scopes)):
        raise Refused("Choose what the key may do.", code="no_scope")
    if not 1 <= requests_a_minute <= MOST_A_MINUTE:
        raise Refused(f"Choose between 1 and {MOST_A_MINUTE:,} requests a minute.", code="bad_rate")
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    with transaction.atomic():
        key = ApiKey.objects.create(
            name=name.strip()[:60],
            prefix=prefix,
            secret_hash=_hash(secret),
            scopes=known,
            requests_a_minute=requests_a_minute,
            created_by=by,
            created_at=now,
        )
        audit.record("api_key.issued", actor=actor, patient=None, now=now, data={"key": key.pk, "scopes": known})
    return key, f"{_MARK}_{prefix}_{secret}"


def revoke(*, key: ApiKey, actor: str, now: datetime) -> None:
    """End the key for good. Revoking twice is harmless."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now):
            audit.record("api_key.revoked", actor=actor, patient=None, now=now, data={"key": key.pk})
    key.refresh_from_db()


def find(token: str, *, now: datetime) -> ApiKey | None:
    """The key behind what a request carries; None for one that was never issued or is revoked."""
    mark, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != _MARK or not prefix.isascii() or not prefix.isalnum():
        return None
    key = ApiKey.objects.filter(prefix=prefix, revoked_at__isnull=True).first()
    if key is None or not secrets.compare_digest(key.secret_hash, _hash(secret)):
        return None
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - _NOTED_EACH)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
    return key


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
