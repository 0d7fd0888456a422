"""What a reader makes of a text. It reads and never writes: no figure, price or date ever comes from it (R168)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Intent(StrEnum):
    """What a text wants, as far as readers can tell today; OTHER is also what a reader says when it abstains."""

    CREDIT_BALANCE = "credit_balance"
    CANCEL_MEMBERSHIP = "cancel_membership"
    COMPLAINT = "complaint"
    HUMAN = "human"
    THANKS = "thanks"
    AFFIRM = "affirm"
    DENY = "deny"
    OTHER = "other"


@dataclass(frozen=True)
class ServiceWords:
    """A service and what patients call it."""

    service_id: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Entities:
    service_ids: tuple[int, ...] = ()  # every service that the words may mean: "facial" can be two
    asks_whether: bool = False  # a yes-or-no question
    says_name: str = ""  # "this is Maria": the normal words with which the sender names themself
    asks_if_person: bool = False  # "are you a real person?" (R155)


@dataclass(frozen=True)
class Understanding:
    intent: Intent
    confidence: float  # 0 to 1
    language: str  # "en" or "es": the language to answer in
    entities: Entities = field(default_factory=Entities)


class Reader(Protocol):
    def read(self, text: str, *, services: Sequence[ServiceWords], language: str) -> Understanding:
        """`language` is the patient's own, for a text that does not tell. Never raises for any text."""
        ...
