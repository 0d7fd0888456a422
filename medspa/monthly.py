"""On the first of a month, last month's five numbers and the money, beside the month before, to every owner by mail.

Exactly one a month and owner (`MonthlyMail`), from eight in the morning on the clock of the practice. No patient is
named in it: it goes through mail servers.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import formataddr
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, Q, Sum
from django.template.loader import render_to_string
from django.urls import reverse

from common import clock
from common.claims import claim
from medspa.models import MonthlyMail
from members import figures, metric_snapshots, metrics, places
from members.models import Location, MetricSnapshot, Practice, StaffRole, StaffUser

HOUR, LATEST_DAY, MOST_TRIES = 8, 7, 5
TRY_AGAIN_AFTER = timedelta(hours=1)

_WAITS = Q(sent_at__isnull=True, claimed_at__isnull=True, tries__lt=MOST_TRIES)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    title: str
    value: str
    before: str
    change: str  # "" where the months cannot be compared


def send_due(*, now: datetime) -> int:
    """Plan what the day calls for and send what is due. Returns how many mails went out."""
    _plan(now)
    sent = 0
    for mail in MonthlyMail.objects.filter(_WAITS, due_at__lte=now).select_related("owner"):
        mine = MonthlyMail.objects.filter(_WAITS, pk=mail.pk)
        if claim(mine, claimed_at=now, tries=F("tries") + 1):
            sent += _send(mail, now)
    return sent


def lines(month: date, *, at: Collection[int] | None = None) -> list[Line]:
    """Every figure of the month beside the month before; `at`: of these locations only."""
    before = (month - timedelta(days=1)).replace(day=1)
    rows = places.within(MetricSnapshot.objects.filter(month__in=[month, before]), at, "location")
    summed = rows.order_by().values("month", "name").annotate(above=Sum("numerator"), below=Sum("denominator"))
    counted = {(row["month"], row["name"]): (row["above"], row["below"]) for row in summed}
    found = []
    for metric in metrics.ALL:
        here, there = counted.get((month, metric.name)), counted.get((before, metric.name))
        found.append(
            Line(
                metric.title,
                figures.words(metric, here),
                figures.words(metric, there),
                figures.change(metric, here, there),
            )
        )
    return found


def compose(mail: MonthlyMail) -> EmailMultiAlternatives:
    """Text and HTML, of the locations that the owner owns; a part for each where there are several."""
    practice, here = Practice.current(), mail.owner.places(frozenset({StaffRole.Role.OWNER}))
    mine = list(places.within(Location.objects.order_by("name"), here, "pk"))
    if len(mine) == 1 and here is not None:
        parts = [(mine[0].name, lines(mail.month, at=here))]
    else:
        together = "All locations" if here is None else "All your locations"
        parts = [(together if len(mine) > 1 else "", lines(mail.month, at=here))]
    if len(mine) > 1:
        parts += [(place.name, lines(mail.month, at=[place.pk])) for place in mine]
    link = f"{settings.PUBLIC_BASE_URL}{reverse('members:metrics')}?month={mail.month:%Y-%m}"
    shown = {
        "practice": practice,
        "month": mail.month,
        "parts": parts,
        "five": len(metrics.FIVE),
        "link": link,
        "settings_link": f"{settings.PUBLIC_BASE_URL}{reverse('portal:setup_practice')}",
    }
    message = EmailMultiAlternatives(
        subject=f"{practice.name}: your figures of {mail.month:%B %Y}",
        body=render_to_string("portal/monthly.txt", shown),
        from_email=formataddr((practice.name, settings.MAIL_FROM)),
        to=[mail.owner.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("portal/monthly.html", shown), "text/html")
    return message


def _plan(now: datetime) -> None:
    practice = Practice.objects.order_by("pk").first()
    here = clock.local(now, metrics.zone())
    if practice is None or not practice.monthly_mail or practice.live_since is None:
        return
    if here.day > LATEST_DAY or (here.day == 1 and here.hour < HOUR):
        return
    month = (here.date().replace(day=1) - timedelta(days=1)).replace(day=1)
    owners = StaffUser.objects.filter(is_active=True, roles__role=StaffRole.Role.OWNER).distinct()
    known = MonthlyMail.objects.filter(month=month).values("owner")
    planned = [MonthlyMail(month=month, owner=owner, due_at=now) for owner in owners.exclude(pk__in=known)]
    if planned:
        metric_snapshots.recompute(month=month, now=now)  # the month is over: its last hour is counted, too
        MonthlyMail.objects.bulk_create(planned, ignore_conflicts=True)


def _send(mail: MonthlyMail, now: datetime) -> int:
    mine = MonthlyMail.objects.filter(pk=mail.pk)
    try:
        compose(mail).send()
    except (OSError, SMTPException):
        log.warning("the month's figures could not be mailed", extra={"mail": mail.pk})
        mine.update(claimed_at=None, due_at=now + TRY_AGAIN_AFTER)
        return 0
    return mine.update(sent_at=now)
