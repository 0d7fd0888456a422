"""What a reader makes of a text. It reads and never writes: no figure, price or date ever comes from it (R168)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Intent(StrEnum):
    """What a text wants. OTHER is what lies outside, and also what a reader says when it abstains."""

    CREDIT_BALANCE = "credit_balance"
    CREDIT_EXPIRY = "credit_expiry"
    PLAN_BENEFITS = "plan_benefits"
    COVERAGE = "coverage"
    PLAN_OPTIONS = "plan_options"
    MEMBER_PRICE = "member_price"
    BOOK = "book"
    RESCHEDULE = "reschedule"
    CANCEL_APPOINTMENT = "cancel_appointment"
    APPOINTMENT_INFO = "appointment_info"
    PAUSE = "pause"
    RESUME = "resume"
    RESTART = "restart"
    CANCEL_MEMBERSHIP = "cancel_membership"
    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    UPDATE_CARD = "update_card"
    BILLING_QUESTION = "billing_question"
    REFUND_DISPUTE = "refund_dispute"
    LOCATION_HOURS = "location_hours"
    HUMAN = "human"
    COMPLAINT = "complaint"
    CLINICAL = "clinical"
    EMERGENCY = "emergency"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"
    WRONG_NUMBER = "wrong_number"
    AFFIRM = "affirm"
    DENY = "deny"
    OPTION = "option"
    REMIND_LATER = "remind_later"
    THANKS = "thanks"
    SHARE_TRANSFER = "share_transfer"
    OTHER = "other"


@dataclass(frozen=True)
class ServiceWords:
    """A service and what patients call it."""

    service_id: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """Something else that has a name here, a plan or a provider, and what patients call it."""

    id: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Entities:
    service_ids: tuple[int, ...] = ()  # every service that the words may mean: "facial" can be two
    asks_whether: bool = False  # a yes-or-no question
    says_name: str = ""  # "this is Maria": the normal words with which the sender names themself
    asks_if_person: bool = False  # "are you a real person?" (R155)
    plan_ids: tuple[int, ...] = ()
    provider_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Understanding:
    intent: Intent
    confidence: float  # 0 to 1
    language: str  # "en" or "es": the language to answer in
    entities: Entities = field(default_factory=Entities)
    also: tuple[Intent, ...] = ()  # what else the same text asks for; `intent` comes first
    runner_up: Intent | None = None  # for "did you mean A or B?" where the confidence is low


class Reader(Protocol):
    def read(
        self,
        text: str,
        *,
        services: Sequence[ServiceWords],
        language: str,
        plans: Sequence[Names] = (),
        providers: Sequence[Names] = (),
    ) -> Understanding:
        """`language` is the patient's own, for a text that does not tell. Never raises for any text."""
        ...
