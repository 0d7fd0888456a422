"""Queue doors of the top floor."""

from contextlib import suppress

from django.core.management import call_command

from common import clock
from common.errors import Refused
from common.logs import traced
from concierge import reminders as hand_offs
from medspa import monthly, ticking
from medspa.portal import drafts
from members import api_replays, audit_check, credits, grace, metric_snapshots, standings, visits, webhook_endpoints
from members import mirror as diary_mirror
from members import reconciliation as stripe_comparison
from members.importing import jobs
from outreach import appointments, campaign_health, erasures
from outreach import cadence as rounds
from outreach import expiring_cards as card_reminders
from outreach import lost_texts as lost


def tick() -> None:
    with traced("tick"):
        ticking.tick(now=clock.now())


def cadence() -> None:
    with traced("cadence"):
        rounds.run_due(now=clock.now())


def lost_texts() -> None:
    with traced("lost-texts"):
        lost.take_in(now=clock.now())


def erase_at_carrier() -> None:
    with traced("erasures"):
        erasures.run_due(now=clock.now())


def reminders() -> None:
    with traced("reminders"):
        hand_offs.remind_due(now=clock.now())


def check_campaigns() -> None:
    with traced("campaign-health"):
        campaign_health.check(now=clock.now())


def memberships() -> None:
    with traced("memberships"):
        ticking.follow_memberships(now=clock.now())


def expire_credits() -> None:
    with traced("expire-credits"):
        credits.expire_due(now=clock.now())


def reconcile() -> None:
    """Begin the nightly comparison; one that is still under way goes on."""
    with traced("reconcile"), suppress(Refused):
        stripe_comparison.start(repair=True, actor="system", now=clock.now())


def check_audit() -> None:
    """From midnight UTC on, until the day's check is through."""
    with traced("audit-check"):
        audit_check.work(now=clock.now())


def end_grace() -> None:
    with traced("grace"):
        grace.end_due(now=clock.now())


def expiring_cards() -> None:
    with traced("expiring-cards"):
        card_reminders.remind(now=clock.now())


def compare() -> None:
    with traced("compare"):
        stripe_comparison.work(now=clock.now())


def intake() -> None:
    with traced("intake"):
        jobs.advance_waiting(now=clock.now())
        api_replays.forget_old(now=clock.now())


def webhooks() -> None:
    with traced("webhooks"):
        webhook_endpoints.run(now=clock.now())


def tidy_accounts() -> None:
    with traced("tidy-accounts"):
        drafts.forget_old(now=clock.now())
        call_command("clearsessions")


def mirror() -> None:
    with traced("mirror"):
        diary_mirror.sync(now=clock.now())


def keyed_in() -> None:
    with traced("keyed-in"):
        visits.confirm_keyed_in(now=clock.now())
        appointments.tell_confirmed(now=clock.now())


def recompute_standings() -> None:
    with traced("recompute-standings"):
        standings.recompute(now=clock.now())


def refresh_metrics() -> None:
    with traced("metrics"):
        metric_snapshots.refresh(now=clock.now())


def monthly_mail() -> None:
    with traced("monthly-mail"):
        monthly.send_due(now=clock.now())
