"""Is the process alive, and can it do its work?"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from django_q.models import OrmQ

from common import clock
from common.access import public
from medspa.models import Heartbeat


@public
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Anyone may ask; says only that the process answers."""
    return JsonResponse({"ok": True})


@public
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Anyone may ask; 503 until database, queue and ticker are well. Names no data."""
    checks = _checks(clock.now())
    ok = all(check["ok"] for check in checks.values())
    return JsonResponse({"ok": ok, "checks": checks}, status=200 if ok else 503)


def _checks(now: datetime) -> dict[str, dict[str, Any]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        waiting = OrmQ.objects.count()
        beat = Heartbeat.objects.filter(name="tick").first()
    except DatabaseError as error:
        return {"database": {"ok": False, "error": type(error).__name__}}
    age = (now - beat.beat_at).total_seconds() if beat else None
    return {
        "database": {"ok": True},
        "broker": {"ok": True, "waiting": waiting},
        "ticker": {
            "ok": age is not None and age <= settings.TICK_STALE_SECONDS,
            "age_seconds": None if age is None else round(age, 1),
            "failed_steps": beat.error if beat else "",
        },
    }
