"""What a quote says in a text: what happens when and at what price, and how to agree. All terms are on its page."""

from datetime import datetime

from common import money
from concierge import membership_replies
from concierge.facts import MemberFacts
from concierge.membership_replies import words
from concierge.plan_facts import PlanFact, of_version
from concierge.replies import Voice
from members.models import Quote

Act = Quote.Act


def offered(quote: Quote, voice: Voice, facts: MemberFacts, *, instead: bool) -> str:
    """`instead`: a pause is offered as the second reply."""
    if quote.act == Act.PAUSE:
        return _pause(quote, voice, facts)
    if quote.act == Act.CANCEL:
        pays = facts.period_ends_at is not None and quote.takes_effect_at > facts.period_ends_at
        return words(
            voice,
            "offer_cancel",
            starts=_day(voice, quote.takes_effect_at, facts),
            pays=words(voice, "pays_until") if pays else "",
            instead=words(voice, "or_pause") if instead else "",
        )
    plan = of_version(quote.plan_version)
    if quote.act == Act.DOWNGRADE:
        return words(
            voice,
            "offer_downgrade",
            plan=plan.name,
            price=membership_replies.price(voice, plan),
            starts=_day(voice, quote.takes_effect_at, facts),
            old=facts.plan_name,
            code=quote.code,
        )
    return _page(quote, plan, voice, facts)


def reminded(voice: Voice, on: datetime, facts: MemberFacts) -> str:
    return words(voice, "reminds", day=_day(voice, on, facts))


def _pause(quote: Quote, voice: Voice, facts: MemberFacts) -> str:
    owed = money.readable(facts.owed_cents, quote.currency)
    return words(
        voice,
        "offer_pause",
        plan=facts.plan_name,
        months=membership_replies.months(voice, quote.months),
        starts=_day(voice, quote.takes_effect_at, facts),
        next=_day(voice, quote.next_charge_at or quote.takes_effect_at, facts),
        owed=words(voice, "owed_dropped", amount=owed) if facts.owed_cents else "",
        code=quote.code,
    )


def _page(quote: Quote, plan: PlanFact, voice: Voice, facts: MemberFacts) -> str:
    """What charges: the figures in texting hours, the terms and the button on the page (R89, R90)."""
    if not facts.may_price:
        return words(voice, "offer_page_quiet")
    today = words(voice, "today_charged", amount=quote.due) if quote.due_cents else words(voice, "today_nothing")
    price = membership_replies.price(voice, plan)
    following = _day(voice, quote.next_charge_at, facts) if quote.next_charge_at else price
    return words(voice, "offer_page", plan=plan.name, price=price, today=today, next=following)


def _day(voice: Voice, when: datetime, facts: MemberFacts) -> str:
    return membership_replies.day(voice, when, facts)
