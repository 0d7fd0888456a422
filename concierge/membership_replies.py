"""What is said about plan, credits, prices and payments. The rule comes first, then what may be done next.

Every figure is a fact (R168); a service is named only if the patient named it, or the practice lets it be (R107).
"""

from collections.abc import Callable
from datetime import datetime

from common import money, phones
from concierge import replies
from concierge.facts import MemberFacts
from concierge.member_policy import Topic
from concierge.membership_words import WORDS
from concierge.plan_facts import BenefitFact, PlanFact, PriceFact
from concierge.replies import Voice
from members.models import Benefit

Named = tuple[int, ...]
_MOST_PLANS = 3
_MOST_SERVICES = 2


def say(topic: Topic, voice: Voice, facts: MemberFacts, *, named: Named = ()) -> str:
    """One answer; `named` are the services that the text names."""
    if topic in _SAYS:
        return _SAYS[topic](voice, facts, named)
    until = facts.paused_until if topic == Topic.IS_PAUSED else facts.ends_at
    key = "until" if topic == Topic.IS_PAUSED else "on"
    more = {
        "practice": voice.practice,
        "phone": phones.readable(facts.phone) if facts.phone else "",
        "code": facts.quote.code if facts.quote else "",
        "until": words(voice, key, day=day(voice, until, facts)) if until else "",
    }
    return words(voice, topic.value, **more)


def words(voice: Voice, key: str, **facts: str) -> str:
    return WORDS[voice.language][key].format(**facts)


def price(voice: Voice, plan: PlanFact) -> str:
    """ "$199.00 a month"."""
    return words(voice, "a_year" if plan.yearly else "a_month", price=money.readable(plan.price_cents, plan.currency))


def _expiry(voice: Voice, facts: MemberFacts, named: Named) -> str:
    lots = facts.lots_of(named)
    if not lots:
        return replies.no_credit(voice, facts, service_ids=named)
    ends = [lot for lot in lots if lot.expires_at]
    if not ends:
        return words(voice, "never_expires")
    groups: dict[str, int] = {}
    for lot in ends:
        day = replies.dated(voice, replies.last_day(lot.expires_at, facts), facts) if lot.expires_at else ""
        groups[day] = groups.get(day, 0) + lot.remaining
    parts = [words(voice, "credits_by", credits=_credits(voice, count), day=day) for day, count in groups.items()][:3]
    rest = sum(lot.remaining for lot in lots) - sum(lot.remaining for lot in ends)
    parts += [words(voice, "credits_for_good", credits=_credits(voice, rest))] if rest else []
    return words(voice, "expiry", parts=", ".join(parts)) + " " + words(voice, "next_book")


def _benefits(voice: Voice, facts: MemberFacts, named: Named) -> str:
    plan = facts.plan
    if plan is None:
        return words(voice, "no_membership")
    key = "includes_year" if plan.yearly else "includes"
    said = words(voice, key, plan=plan.name, benefits=_listed(voice, plan.benefits) or words(voice, "nothing"))
    kept = [line.valid_months for line in plan.benefits if line.kind == Benefit.Kind.CREDIT and line.valid_months]
    said += " " + words(voice, "kept_for", months=months(voice, min(kept))) if kept else ""
    return said + " " + words(voice, "next_service")


def _coverage(voice: Voice, facts: MemberFacts, named: Named) -> str:
    service = facts.prices_of(named)[0]
    lots, plan = facts.lots_of((service.service_id,)), facts.plan
    if lots:
        left = _credits(voice, sum(lot.remaining for lot in lots))
        if all(lot.rests for lot in lots):
            return words(voice, "covered_rests", what=service.name, left=left)
        return words(voice, "covered", what=service.name, left=left) + " " + words(voice, "next_book")
    if plan and plan.credits_for(service.service_id):
        return replies.no_credit(voice, facts, service_ids=(service.service_id,))
    said = words(voice, "not_covered", what=service.name)
    return f"{said} {_price_of(voice, facts, service)}" if facts.may_price else said


def _price(voice: Voice, facts: MemberFacts, named: Named) -> str:
    services = facts.prices_of(named)[:_MOST_SERVICES]
    return " ".join(_price_of(voice, facts, service) for service in services) + " " + words(voice, "next_book")


def _price_of(voice: Voice, facts: MemberFacts, service: PriceFact) -> str:
    full, member = service.cents, service.cents
    if facts.plan and facts.is_current:
        member = facts.plan.member_cents(service)
    readable = money.readable(full, service.currency)
    if member == full:
        return words(voice, "price", what=service.name, price=readable)
    mine = money.readable(member, service.currency)
    return words(voice, "member_price", what=service.name, price=readable, member=mine)


def _options(voice: Voice, facts: MemberFacts, named: Named) -> str:
    if not facts.plans:
        return words(voice, "no_plans")
    shown = facts.plans[:_MOST_PLANS]
    parts = [f"{plan.name} {price(voice, plan)}" if facts.may_price else plan.name for plan in shown]
    said = words(voice, "plans", plans="; ".join(parts))
    if facts.is_current and facts.plan:
        said = words(voice, "your_plan", plan=facts.plan.name) + " " + said
    return said + " " + words(voice, "next_plan")


def _hours(voice: Voice, facts: MemberFacts, named: Named) -> str:
    where = {"location": facts.location_name, "street": facts.street, "phone": phones.readable(facts.phone)}
    if facts.opens_at is None or facts.closes_at is None:
        return words(voice, "where", **where)
    day = replies.day_of(voice, facts.opens_at.date())
    span = {"opens": replies.clock(facts.opens_at), "closes": replies.clock(facts.closes_at)}
    return words(voice, "hours", day=day, **span, **where)


def _billing(voice: Voice, facts: MemberFacts, named: Named) -> str:
    said = [] if facts.is_fresh or facts.synced_at is None else [_as_of(voice, facts, facts.synced_at)]
    if facts.plan:
        said.append(words(voice, "costs", plan=facts.plan.name, price=price(voice, facts.plan)))
    if facts.paid_cents is not None and facts.paid_at:
        paid = money.readable(facts.paid_cents, facts.plan.currency if facts.plan else "usd")
        said.append(words(voice, "last_paid", amount=paid, day=day(voice, facts.paid_at, facts)))
    if facts.owed_cents:
        owed = money.readable(facts.owed_cents, facts.plan.currency if facts.plan else "usd")
        said.append(words(voice, "owes", amount=owed))
    elif facts.renews_at and facts.renews_at > facts.at:
        said.append(words(voice, "next_payment", day=day(voice, facts.renews_at, facts)))
    return " ".join([*said, words(voice, "next_billing")])


def _share(voice: Voice, facts: MemberFacts, named: Named) -> str:
    shares = facts.plan is not None and any(line.shareable for line in facts.plan.benefits)
    return words(voice, "may_share" if shares else "may_not_share")


def _as_of(voice: Voice, facts: MemberFacts, when: datetime) -> str:
    return words(voice, "as_of", moment=replies.moment(voice, when, facts.zone))


def day(voice: Voice, when: datetime, facts: MemberFacts) -> str:
    return replies.dated(voice, replies.date_there(when, facts.zone), facts)


def _credits(voice: Voice, count: int) -> str:
    return words(voice, "one_credit") if count == 1 else words(voice, "many_credits", count=str(count))


def months(voice: Voice, count: int) -> str:
    return words(voice, "one_month") if count == 1 else words(voice, "many_months", count=str(count))


def _listed(voice: Voice, benefits: tuple[BenefitFact, ...]) -> str:
    """The plan's lines in words; credits for what may not be named are counted together."""
    said = [f"{line.quantity} x {line.name}" for line in benefits if line.kind == Benefit.Kind.CREDIT and line.name]
    unnamed = sum(line.quantity for line in benefits if line.kind == Benefit.Kind.CREDIT and not line.name)
    said += [_credits(voice, unnamed)] if unnamed else []
    wallet = sum(line.quantity for line in benefits if line.kind == Benefit.Kind.WALLET)
    said += [words(voice, "wallet", amount=money.readable(wallet))] if wallet else []
    off = max((line.percent for line in benefits), default=0)
    said += [words(voice, "percent", percent=str(off))] if off else []
    return ", ".join(said)


_SAYS: dict[Topic, Callable[[Voice, MemberFacts, Named], str]] = {
    Topic.EXPIRY: _expiry,
    Topic.BENEFITS: _benefits,
    Topic.COVERAGE: _coverage,
    Topic.PRICE: _price,
    Topic.OPTIONS: _options,
    Topic.HOURS: _hours,
    Topic.BILLING: _billing,
    Topic.SHARE: _share,
}
