"""Paging the people on call about an emergency, until somebody says they have it (R162, R163).

The first is paged at once, the next every five minutes, then everyone once more, then the last one every quarter of
an hour. The text names no patient: it may be read on any lock screen.
"""

import logging
import re
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from common.rounds import in_time
from members import consent, escalations
from members.models import Escalation, OnCallContact
from outreach import outbox
from outreach.models import Message, Page

log = logging.getLogger(__name__)

_NEXT_AFTER = timedelta(minutes=5)
_AGAIN_AFTER = timedelta(minutes=15)
# The last one is paged for six hours after everyone was; the alarm in the portal goes on.
_LAST_ROUND = 26
_ACK = re.compile(r"\s*ack\b\W*(\d{1,9})?\W*", re.IGNORECASE)


def page_due(*, now: datetime) -> int:
    """Page whoever's turn it is, for every emergency that nobody has acknowledged. Returns how many were paged."""
    paged = 0
    for case in in_time(list(Escalation.objects.alarming())):
        try:
            paged += page(case, now=now)
        except Exception:
            log.exception("case not paged", extra={"case_pk": case.pk})  # the next one still gets its turn
    return paged


def page(case: Escalation, *, now: datetime) -> int:
    """Page whoever's turn it is for this emergency; nobody twice in a round. Returns how many were paged."""
    contacts = list(OnCallContact.objects.all())
    if not contacts:
        log.error("an emergency and nobody on the on-call list", extra={"case_pk": case.pk})
        return 0
    turns = _turns(now - case.alarm_began_at, len(contacts))
    done = set(Page.objects.filter(case=case, alarm_began_at=case.alarm_began_at).values_list("round", "position"))
    return sum(
        _page_once(case, contact, turns[index], now)
        for index, contact in enumerate(contacts)
        if index in turns and (turns[index], contact.position) not in done
    )


def acknowledge(*, number: str, words: str, now: datetime) -> str | None:
    """Take "ACK 12" from somebody on call: the pages about case 12 stop. Returns the answer to text them.

    None when these are not the words, or the number is nobody's on the list: then it is a text like any other.
    """
    said = _ACK.fullmatch(words)
    by = OnCallContact.objects.filter(phone=number).first() if said else None
    if said is None or by is None:
        return None
    if not said[1]:
        return "Answer with the number of the case, such as ACK 12."
    emergencies = Escalation.objects.filter(severity=Escalation.Severity.EMERGENCY)
    case = emergencies.exclude(state=Escalation.State.RESOLVED).filter(pk=int(said[1])).first()
    if case is None:
        return f"No emergency with the number {said[1]} is open: look in the portal."
    escalations.acknowledge(escalation=case, by=by, now=now)
    return f"Case {case.pk} is acknowledged and the pages stop; call the patient and resolve it in the portal."


def _turns(since: timedelta, people: int) -> dict[int, int]:
    """{place in the list: the latest round that has come for it} `since` the alarm began.

    A round that was missed while no worker ran is not made up for: its people are in a later one.
    """
    everyone_at = max(_AGAIN_AFTER, people * _NEXT_AFTER)
    if since < everyone_at:
        return {index: 1 for index in range(people) if since >= index * _NEXT_AFTER}
    turns = dict.fromkeys(range(people), 2)
    turns[people - 1] = min(2 + (since - everyone_at) // _AGAIN_AFTER, _LAST_ROUND)
    return turns


def _page_once(case: Escalation, contact: OnCallContact, number: int, now: datetime) -> bool:
    began = case.alarm_began_at
    try:
        with transaction.atomic():
            text = outbox.post(
                kind=Message.Kind.ALERT,
                body=_words(case),
                dedupe_key=f"page:{case.pk}:{began.timestamp()}:{number}:{contact.position}",
                address=contact.phone,
                now=now,
            )
            Page.objects.create(
                case=case,
                alarm_began_at=began,
                round=number,
                position=contact.position,
                phone=contact.phone,
                text=text,
                paged_at=now,
            )
    except IntegrityError:
        if not Page.objects.filter(case=case, alarm_began_at=began, round=number, position=contact.position).exists():
            raise
        return False  # another worker was quicker
    return True


def _words(case: Escalation) -> str:
    words = f"Possible emergency, case {case.pk}. Open the portal now."
    if _out_of_reach(case):
        words += " The patient is not reachable by text: call."
    return f"{words} Answer ACK {case.pk}."


def _out_of_reach(case: Escalation) -> bool:
    """R163: opted out, or our emergency text did not arrive (the carrier refuses it after a STOP)."""
    if not case.phone:
        return False
    sent = Message.objects.filter(address=case.phone, kind=Message.Kind.EMERGENCY, created_at__gte=case.opened_at)
    lost = sent.filter(status__in=Message.DID_NOT_ARRIVE).exists()
    return lost or consent.is_opted_out(case.phone, channel=Message.Channel.SMS)
