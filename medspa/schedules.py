"""Every recurring job. `sync_schedules` makes the queue's rows equal this list at each start.

All run by UTC intervals; anything due at a location's own hour is computed by the job itself, because the queue's
cron knows one zone and slips at daylight saving (docs/decisions/005).
"""

from dataclasses import dataclass

from django.db import transaction
from django_q.models import Schedule

from common import clock


@dataclass(frozen=True)
class Job:
    name: str
    func: str
    minutes: int
    why: str


JOBS = (
    Job("tick", "medspa.tasks.tick", 1, "claims billing changes, advances sequences, sends due messages"),
    Job("lost-texts", "medspa.tasks.lost_texts", 10, "takes in the texts that an outage of our webhook lost"),
    Job("erasures", "medspa.tasks.erase_at_carrier", 1, "deletes card numbers and pictures at the carrier"),
    Job("reminders", "medspa.tasks.reminders", 1, "reminds the desk, then the owner, of patients whom nobody took"),
    Job("cadence", "medspa.tasks.cadence", 1, "plans and runs the rounds that a location's own clock calls for"),
    Job("campaign-health", "medspa.tasks.check_campaigns", 15, "stops a marketing sequence that too many refuse"),
    Job(
        "memberships",
        "medspa.tasks.memberships",
        1,
        "finishes agreed changes, ends pauses, tells patients",
    ),
    Job("expire-credits", "medspa.tasks.expire_credits", 60, "writes the end of lots that were not used in time"),
    Job("intake", "medspa.tasks.intake", 1, "takes up imports whose worker was lost, forgets old API answers"),
    Job("webhooks", "medspa.tasks.webhooks", 1, "tells other systems the news"),
    Job("reconcile", "medspa.tasks.reconcile", 1440, "begins the comparison with Stripe"),
    Job("compare", "medspa.tasks.compare", 1, "does the next chunks of a comparison with Stripe that is under way"),
    Job("audit-check", "medspa.tasks.check_audit", 10, "goes on with the day's check of the audit trail's chain"),
    Job("grace", "medspa.tasks.end_grace", 60, "ends the grace of members who stay past due, by their plan's rule"),
    Job(
        "expiring-cards", "medspa.tasks.expiring_cards", 60, "reminds of cards that will not be good at the next charge"
    ),
    Job("tidy-accounts", "medspa.tasks.tidy_accounts", 720, "drops old drafts and ended sessions"),
    Job("mirror", "medspa.tasks.mirror", 5, "reads what changed in the practice's scheduler"),
    Job("keyed-in", "medspa.tasks.keyed_in", 1, "confirms what the desk keyed in, and tells the patients"),
    Job("recompute-standings", "medspa.tasks.recompute_standings", 1440, "compares and corrects columns that sum up"),
    Job("monthly-mail", "medspa.tasks.monthly_mail", 15, "mails the owners last month's figures on the first"),
    Job("metrics", "medspa.tasks.refresh_metrics", 60, "counts the current month, and months that were never counted"),
)


@transaction.atomic
def sync() -> list[str]:
    """Create and update the rows of JOBS, delete all others. One bad row would stop every schedule, so none is left."""
    Schedule.objects.exclude(name__in=[job.name for job in JOBS]).delete()
    for job in JOBS:
        Schedule.objects.update_or_create(
            name=job.name,
            defaults={
                "func": job.func,
                "schedule_type": Schedule.MINUTES,
                "minutes": job.minutes,
                "repeats": -1,
                "args": None,
                "kwargs": None,
            },
            create_defaults={
                "func": job.func,
                "schedule_type": Schedule.MINUTES,
                "minutes": job.minutes,
                "repeats": -1,
                "next_run": clock.now(),
            },
        )
    return [job.name for job in JOBS]
