"""What a member is told about plan, credits, prices and payments: pure, as `policy.decide` is, which asks here.

One line for each intent and each standing of the membership; the figures are put in by `membership_replies`.
"""

from dataclasses import dataclass
from enum import StrEnum

from concierge.facts import MemberFacts
from concierge.understanding.base import Intent, Understanding
from members.models import Membership

S = Membership.Status


class Topic(StrEnum):
    """What one answer is about."""

    EXPIRY = "expiry"
    BENEFITS = "benefits"
    COVERAGE = "coverage"
    OPTIONS = "options"
    PRICE = "price"
    HOURS = "hours"
    BILLING = "billing"
    SHARE = "share"
    CARD_LINK = "card_link"
    TEXTS_ON = "texts_on"
    HELP = "help"
    WHICH_SERVICE = "which_service"
    WHAT_ABOUT = "what_about"  # a bare yes, no or number that nothing was offered for
    ENDED = "ended"
    NO_MEMBERSHIP = "no_membership"
    NOT_STARTED = "not_started"
    CLARIFY = "clarify"
    IS_PAUSED = "is_paused"
    IS_ENDING = "is_ending"
    IS_ACTIVE = "is_active"
    PAY_FIRST = "pay_first"
    NO_FREEZE = "no_freeze"
    NO_HIGHER = "no_higher"
    NO_LOWER = "no_lower"
    USE_CODE = "use_code"  # a bare yes buys nothing
    OFFER_OVER = "offer_over"


@dataclass(frozen=True)
class Tell:
    """Answers from facts, in this order."""

    rule: str
    topics: tuple[Topic, ...]


# Of a running membership alone; without one the standing is what there is to say.
_OF_MEMBERS = {
    Intent.CREDIT_EXPIRY: Topic.EXPIRY,
    Intent.PLAN_BENEFITS: Topic.BENEFITS,
    Intent.COVERAGE: Topic.COVERAGE,
    Intent.BILLING_QUESTION: Topic.BILLING,
    Intent.SHARE_TRANSFER: Topic.SHARE,
    Intent.UPDATE_CARD: Topic.CARD_LINK,
}
_OF_ANYBODY = {
    Intent.PLAN_OPTIONS: Topic.OPTIONS,
    Intent.MEMBER_PRICE: Topic.PRICE,
    Intent.LOCATION_HOURS: Topic.HOURS,
    Intent.OPT_IN: Topic.TEXTS_ON,
    Intent.HELP: Topic.HELP,
}
_WITHOUT = {S.PENDING: Topic.NOT_STARTED, S.CANCELLED: Topic.ENDED, S.LAPSED: Topic.ENDED, "": Topic.NO_MEMBERSHIP}
_BARE = (Intent.AFFIRM, Intent.DENY, Intent.OPTION)

# What a person must do whatever the facts are.
ABOUT_MONEY = (Intent.BILLING_QUESTION, Intent.UPDATE_CARD)


def decide(understood: Understanding, facts: MemberFacts) -> Tell | None:
    """None where a person must answer or another rule decides."""
    first = topic_of(understood.intent, understood, facts)
    if first is None:
        return None
    more = tuple(topic for topic in beside(understood, facts) if topic != first)
    return Tell(_rule(understood.intent, first), (first, *more))


def beside(understood: Understanding, facts: MemberFacts) -> tuple[Topic, ...]:
    """Answers to what else the same text asks for, one at most, so that it stays a text."""
    topics = (topic_of(intent, understood, facts) for intent in understood.also if intent not in _BARE)
    return tuple(topic for topic in topics if topic is not None)[:1]


def needs_person(intent: Intent, facts: MemberFacts) -> str:
    """The reason why a question that is answered as a rule goes to a person this time; "" if it does not."""
    if intent in ABOUT_MONEY and facts.is_current and facts.is_stale:
        return "What is known of the payments is too old to be told."
    if intent == Intent.MEMBER_PRICE and not facts.may_price:
        return "Asked for a price outside texting hours: prices are told in the daytime."
    return ""


def topic_of(intent: Intent, understood: Understanding, facts: MemberFacts) -> Topic | None:
    """The answer to one request; None where there is none or a person gives it."""
    if needs_person(intent, facts):
        return None
    if intent in _BARE:
        return Topic.WHAT_ABOUT
    topic = _OF_ANYBODY.get(intent) or _OF_MEMBERS.get(intent)
    if intent in _OF_MEMBERS and not facts.is_current:
        keeps_lots = intent == Intent.CREDIT_EXPIRY and facts.lots
        return topic if keeps_lots else _WITHOUT[facts.status]
    if topic in (Topic.COVERAGE, Topic.PRICE) and not understood.entities.service_ids:
        return Topic.WHICH_SERVICE
    return topic


def _rule(intent: Intent, topic: Topic) -> str:
    if topic == Topic.WHAT_ABOUT:
        return "A bare answer, and nothing is open that it could answer: asked."
    return f"Asked about {intent.value.replace('_', ' ')}: told by rows, {topic.value.replace('_', ' ')}."
