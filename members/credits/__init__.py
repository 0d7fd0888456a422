"""The credit ledger: append-only lots. Balance = what live lots still hold; it never falls below zero.

Every entry has a unique key, so a replay (an invoice delivered twice, a visit synced again) changes nothing. What the
rules of the plan allow to be used is in `usage`; what a visit uses is brought in line by `members.redemption`.
"""

from members.credits.carrying import carry_over, end_with_plan, top_up
from members.credits.closing import expire_due
from members.credits.lots import Lot, balance, lots, wallet, with_end
from members.credits.moving import LATE, spend, spend_money, transfer
from members.credits.opening import bonus, grant, grant_period
from members.credits.writing import reverse

__all__ = [
    "LATE",
    "Lot",
    "balance",
    "bonus",
    "carry_over",
    "end_with_plan",
    "expire_due",
    "grant",
    "grant_period",
    "lots",
    "reverse",
    "spend",
    "spend_money",
    "top_up",
    "transfer",
    "wallet",
    "with_end",
]
