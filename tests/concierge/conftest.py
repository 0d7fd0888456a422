"""A patient who texts: stored as the door stores it, answered as the task answers it, at a moment of the test's own."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from concierge import answering
from concierge.models import Turn
from concierge.understanding import local
from members import credits
from members.models import Membership, Patient, Service
from outreach import inbound
from outreach.models import Message
from tests.factories import NOON, make_location, make_membership, make_provider, make_service

_sids = count(1)


def receive(phone: str, body: str, *, now: datetime = NOON, media: int = 0, opt_out_type: str = "") -> Message:
    return inbound.receive(
        sid=f"SM{next(_sids):032d}",
        sender=phone,
        recipient="+15125550100",
        body=body,
        media_count=media,
        opt_out_type=opt_out_type,
        now=now,
    ).message


def text(phone: str, body: str, *, now: datetime = NOON, **how: Any) -> Turn | None:
    """The patient texts and the concierge answers; the Turn, or None where a keyword settled it."""
    message = receive(phone, body, now=now, **how)
    answering.answer(message.pk, now=now)
    return Turn.objects.filter(message=message).first()


def said(turn: Turn | None) -> str:
    """The one reply to a text; '' when there is none."""
    assert turn is not None
    replies = list(turn.message.replies.all())
    assert len(replies) <= 1
    assert [turn.reply] == (replies or [None])
    return replies[0].body if replies else ""


def give_credit(
    membership: Membership, service: Service, *, quantity: int = 1, expires_at: datetime | None = None, key: str = ""
) -> None:
    credits.grant(
        membership=membership,
        service=service,
        quantity=quantity,
        key=key or f"test:{next(_sids)}",
        expires_at=expires_at or NOON + timedelta(days=45),  # 31 July, 11:00 in Austin
        actor="stripe",
        reason="Membership period",
        now=NOON - timedelta(days=10),
    )


@pytest.fixture
def facial(db: None) -> Service:
    return make_service()


@pytest.fixture
def spa(facial: Service) -> None:
    make_provider(make_location(), facial)


@pytest.fixture
def membership(spa: None, facial: Service) -> Membership:
    """Ana's, with one facial credit to use until 31 July."""
    membership = make_membership()
    give_credit(membership, facial)
    return membership


@pytest.fixture
def ana(membership: Membership) -> Patient:
    return membership.patient


@pytest.fixture(scope="session")
def engine() -> local.LocalReader:
    """The embedded engine, learnt at most once for this state of its examples and kept on disk between runs."""
    local.learn(with_encoder=True)
    reader = local.opened()
    assert reader is not None
    return reader


@pytest.fixture(autouse=True)
def _read_by_keywords(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command or task of a test makes this process read with the engine from then on."""
    monkeypatch.setattr(local, "preload", lambda: None)


Texting = Callable[..., Turn | None]
