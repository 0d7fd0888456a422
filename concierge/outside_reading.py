"""Switching the language model of another company on and off: only with an agreement, and never without a trace."""

from datetime import date, datetime
from importlib.util import find_spec

from django.conf import settings
from django.db import transaction

from common.errors import Refused
from concierge.models import OutsideReader
from members import audit


def switch_on(
    *,
    provider: str,
    model: str,
    baa_signed_on: date | None,
    baa_reference: str,
    actor: str,
    now: datetime,
    base_url: str = "",
) -> OutsideReader:
    """From now on texts, without identifiers, are read by this model too.

    Raises Refused without an agreement, without an API key, or when the provider's package is not installed.
    """
    if provider not in OutsideReader.Provider.values:
        raise Refused(f"Choose a provider: {' or '.join(OutsideReader.Provider.values)}.")
    if baa_signed_on is None or not baa_reference.strip():
        raise Refused("Give the day of the signed business associate agreement and where it is kept.", code="no_baa")
    if baa_signed_on > now.date():
        raise Refused("The agreement's day lies in the future: switch it on when it has been signed.", code="no_baa")
    if not settings.CONCIERGE_LLM_API_KEY:
        raise Refused("Set CONCIERGE_LLM_API_KEY in the environment first.", code="no_key")
    if find_spec(provider) is None:
        raise Refused(f"Install the provider's package first: pip install {provider}.", code="not_installed")
    with transaction.atomic():
        OutsideReader.objects.select_for_update().filter(is_on=True).update(is_on=False, changed_at=now)
        row = OutsideReader.objects.create(
            provider=provider,
            model=model,
            base_url=base_url,
            baa_signed_on=baa_signed_on,
            baa_reference=baa_reference.strip(),
            is_on=True,
            changed_at=now,
        )
        data = {"provider": provider, "model": model, "baa_signed_on": baa_signed_on.isoformat()}
        audit.record("outside_reader.on", actor=actor, patient=None, now=now, data=data)
    return row


def switch_off(*, actor: str, now: datetime) -> bool:
    """Whether one was on. From now on no text leaves this machine to be read."""
    with transaction.atomic():
        were_on = OutsideReader.objects.filter(is_on=True).update(is_on=False, changed_at=now)
        if were_on:
            audit.record("outside_reader.off", actor=actor, patient=None, now=now)
    return bool(were_on)
