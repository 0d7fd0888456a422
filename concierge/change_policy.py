"""What to do about a wish to change the membership: pure, as `policy.decide` is, which asks here.

A wish gets exact terms and a way to agree to them; nothing is done by a wish alone, nor by a bare yes (R63, R90).
"""

from dataclasses import dataclass, replace
from typing import Literal

from common import clock
from concierge.facts import MemberFacts
from concierge.member_policy import Tell, Topic
from concierge.plan_facts import PlanFact
from concierge.understanding.base import Intent, Understanding
from concierge.understanding.change_words import ChangeWords
from members.models import Membership, Quote

S = Membership.Status
Q = Quote.Act
_SURE = 0.8
SIXTY_DAYS = 60
_NOTHING_SAID = ChangeWords()


@dataclass(frozen=True)
class Propose:
    """Quote an act. `version_id`: the plan wanted, of an upgrade, a downgrade or a restart."""

    rule: str
    act: Quote.Act
    version_id: int | None = None
    instead: bool = False  # offer a pause in place of the end, this once (R94)
    months: int = 1  # payments that a pause skips
    reason: str = ""  # a Quote.Reason, for the reports


@dataclass(frozen=True)
class Agree:
    """Do what the open quote says."""

    rule: str
    quote_id: int


@dataclass(frozen=True)
class Remind:
    rule: str
    days: int = SIXTY_DAYS


@dataclass(frozen=True)
class NotNow:
    """End the sequence whose text offered it."""

    rule: str


Change = Propose | Agree | Remind | NotNow


@dataclass(frozen=True)
class Chosen:
    """What a text says that was offered: by the code of a quote, or by a reply that the last text named."""

    act: str  # a code of `outreach.offers.ACTS`, or "agree"
    state: str = "open"  # open, expired or taken
    quote_id: int | None = None
    of_another: bool = False  # about the membership of somebody for whom the sender pays


_Line = dict[str, Q | Topic]
_WITHOUT: _Line = {
    S.PENDING: Topic.NOT_STARTED,
    S.CANCELLED: Topic.ENDED,
    S.LAPSED: Topic.ENDED,
    "": Topic.NO_MEMBERSHIP,
}
_TABLE: dict[Intent, _Line] = {
    Intent.PAUSE: {
        **_WITHOUT, S.ACTIVE: Q.PAUSE, S.PAST_DUE: Q.PAUSE, S.PAUSED: Topic.IS_PAUSED, S.CANCELLING: Topic.IS_ENDING,
    },
    Intent.RESUME: {
        **_WITHOUT, S.ACTIVE: Topic.IS_ACTIVE, S.PAST_DUE: Topic.PAY_FIRST, S.PAUSED: Q.RESUME, S.CANCELLING: Q.KEEP,
        S.CANCELLED: Q.RESTART, S.LAPSED: Q.RESTART,
    },
    Intent.RESTART: {
        **_WITHOUT, S.ACTIVE: Topic.IS_ACTIVE, S.PAST_DUE: Topic.PAY_FIRST, S.PAUSED: Q.RESUME, S.CANCELLING: Q.KEEP,
        S.CANCELLED: Q.RESTART, S.LAPSED: Q.RESTART,
    },
    Intent.CANCEL_MEMBERSHIP: {
        **_WITHOUT, S.ACTIVE: Q.CANCEL, S.PAST_DUE: Q.CANCEL, S.PAUSED: Q.CANCEL, S.CANCELLING: Topic.IS_ENDING,
    },
    Intent.UPGRADE: {
        **_WITHOUT, S.ACTIVE: Q.UPGRADE, S.PAST_DUE: Topic.PAY_FIRST, S.PAUSED: Topic.IS_PAUSED,
        S.CANCELLING: Topic.IS_ENDING, "": Topic.OPTIONS,
    },
    Intent.DOWNGRADE: {
        **_WITHOUT, S.ACTIVE: Q.DOWNGRADE, S.PAST_DUE: Topic.PAY_FIRST, S.PAUSED: Topic.IS_PAUSED,
        S.CANCELLING: Topic.IS_ENDING,
    },
}  # fmt: skip
_BY_REPLY = {
    "pause": Intent.PAUSE,
    "restart": Intent.RESTART,
    "resume": Intent.RESUME,
    "upgrade": Intent.UPGRADE,
}


def decide(understood: Understanding, facts: MemberFacts, said: ChangeWords = _NOTHING_SAID) -> Change | Tell | None:
    """None where the text wishes no change. `said`: for how long and why, as the text says it."""
    if understood.intent == Intent.REMIND_LATER:
        return Remind("Wants to be reminded later.") if facts.membership_id else _tell(Topic.NO_MEMBERSHIP)
    if understood.intent == Intent.AFFIRM and facts.quote:
        return _tell(Topic.USE_CODE)
    again = understood.intent == Intent.CANCEL_MEMBERSHIP and understood.confidence >= _SURE
    if again and facts.quote and facts.quote.act == Q.CANCEL:
        return Agree("Asked a second time to cancel: that completes it (R94).", facts.quote.quote_id)
    if understood.intent not in _TABLE:
        return None
    change = _line(understood.intent, understood.entities.plan_ids, facts)
    if not isinstance(change, Propose) or change.act not in (Q.PAUSE, Q.CANCEL):
        return change
    return replace(change, months=_months(said, facts) if change.act == Q.PAUSE else 1, reason=said.reason)


def chosen(
    choice: Chosen, facts: MemberFacts, said: ChangeWords = _NOTHING_SAID
) -> Change | Tell | Literal["this_week", "next_week"]:
    """What a reply that was offered does, or the week whose times it asks for."""
    if choice.state != "open":
        return _tell(Topic.OFFER_OVER)
    if choice.act == "agree" and choice.quote_id:
        return Agree("Agreed to the open offer, by its code or its number (R90).", choice.quote_id)
    if choice.act == "remind":
        return Remind("Replied to be reminded later.")
    if choice.act == "update_card":
        return _tell(Topic.CARD_LINK if facts.is_current else Topic.ENDED)
    if choice.act in ("this_week", "next_week"):
        return "this_week" if choice.act == "this_week" else "next_week"
    intent = _BY_REPLY.get(choice.act)
    return _line(intent, (), facts) if intent else NotNow("Does not want it now.")


def _line(intent: Intent, plan_ids: tuple[int, ...], facts: MemberFacts) -> Change | Tell:
    does = _TABLE[intent][facts.status]
    if isinstance(does, Topic):
        return _tell(does)
    if does == Q.PAUSE and not (facts.plan and facts.plan.freezes):
        return _tell(Topic.NO_FREEZE)
    if does in (Q.UPGRADE, Q.DOWNGRADE):
        plan = _plan(does, plan_ids, facts)
        if plan is None:
            return _tell(Topic.NO_HIGHER if does == Q.UPGRADE else Topic.NO_LOWER)
        return Propose(f"Wants another plan: exact terms of the {does.value}.", does, plan.version_id)
    offers_pause = does == Q.CANCEL and not facts.was_kept and facts.status == S.ACTIVE
    instead = offers_pause and facts.plan is not None and facts.plan.freezes
    return Propose(f"Wishes a change: exact terms of “{does.value}”, and nothing is done yet.", does, instead=instead)


def _months(said: ChangeWords, facts: MemberFacts) -> int:
    """Payments that the wished pause skips; "until March": those that fall before the first of March."""
    if said.months or not (said.until and facts.period_ends_at):
        return said.months or 1
    first = clock.local(facts.period_ends_at, facts.zone)
    today = clock.local(facts.at, facts.zone)
    ends = (today.year + (said.until <= today.month), said.until)
    due = (clock.months_later(first, ahead) for ahead in range(12))
    return max(1, sum((one.year, one.month) < ends for one in due))


def _plan(act: str, plan_ids: tuple[int, ...], facts: MemberFacts) -> PlanFact | None:
    """The plan that is named; else the next one up or down."""
    own = facts.plan
    if own is None:
        return None
    others = [plan for plan in facts.plans if plan.plan_id != own.plan_id]
    named = [plan for plan in others if plan.plan_id in plan_ids]
    if len(named) == 1:
        return named[0]
    above = [plan for plan in others if plan.price_cents > own.price_cents]
    below = [plan for plan in others if plan.price_cents < own.price_cents]
    if act == Q.UPGRADE:
        return min(above, key=lambda plan: plan.price_cents, default=None)
    return max(below, key=lambda plan: plan.price_cents, default=None)


def _tell(topic: Topic) -> Tell:
    return Tell(f"A change that is not possible now is explained: {topic.value.replace('_', ' ')}.", (topic,))
