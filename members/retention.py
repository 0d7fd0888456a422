"""How long proofs are kept. Legal values, each with its source and the day it was last looked at."""

from dataclasses import dataclass
from datetime import date, datetime

from common import clock


@dataclass(frozen=True)
class Retention:
    what: str
    years: int
    source: str
    reviewed_on: date

    def until(self, when: datetime) -> datetime:
        return clock.months_later(when, 12 * self.years)


CONSENT_PROOF = Retention(
    what="What a patient agreed to, and how",
    years=6,
    source="California AB 2863 (3 years, or 1 year after the contract ends); 6 years as for HIPAA records (R101, R117)",
    reviewed_on=date(2026, 11, 24),
)
