"""What an offer says (R89): every item that the law wants beside the button, in words for the patient.

Stored on the quote as it was shown, and copied into the proof of consent.
"""

from datetime import datetime

from common import money
from members.joining import rules
from members.models import Membership, PlanVersion, Quote

Act = Quote.Act
Term = tuple[str, str]

HOW_TO_CANCEL = (
    "Any time: reply to our texts that you want to cancel your membership, use our cancel page, call us, or tell us at "
    "your visit."
)


def of(quote: Quote, membership: Membership, *, now: datetime) -> list[Term]:
    return _TERMS[Act(quote.act)](quote, membership, now)


def sentence(quote: Quote) -> str:
    """The same in one message, for a text."""
    return " ".join(f"{label}: {words.rstrip('.')}." for label, words in quote.terms)


def _charging(quote: Quote, membership: Membership, now: datetime) -> list[Term]:
    version = quote.plan_version
    return [
        ("Plan", version.plan.name),
        ("Price", f"{version.price} {per(version)}"),
        ("Today", _today(quote)),
        ("Next payment", f"{version.price} {_next(quote, membership)}"),
        ("Renewal", f"Renews {_each(version)} until you cancel"),
        ("Minimum", _minimum(version)),
        ("How to cancel", _with_notice(version)),
    ]


def _upgrade(quote: Quote, membership: Membership, now: datetime) -> list[Term]:
    name = quote.plan_version.plan.name
    return [
        *_charging(quote, membership, now),
        ("Credits", f"Yours stay; what {name} has more each month is added at once"),
    ]


def _downgrade(quote: Quote, membership: Membership, now: datetime) -> list[Term]:
    keeps = membership.plan_version.credits_kept_on_downgrade
    changed = ("Changes", f"{rules.day(quote.takes_effect_at, membership)}; until then {membership.plan.name} goes on")
    return [
        *_charging(quote, membership, now)[:2],
        changed,
        *_charging(quote, membership, now)[2:],
        ("Credits", "Unused credits stay yours until they expire" if keeps else "Unused credits end with the change"),
    ]


def _pause(quote: Quote, membership: Membership, now: datetime) -> list[Term]:
    back = quote.next_charge_at or quote.takes_effect_at
    owed = sum(membership.invoices.owed().values_list("amount_remaining_cents", flat=True))
    rests = quote.freeze not in Quote.BENEFITS_GO_ON and not membership.plan_version.usable_while_paused
    said = [
        ("Pause", f"From {rules.day(quote.takes_effect_at, membership)}; {_of_the_pause(quote, membership)}"),
        ("Starts again", f"{rules.day(back, membership)}, by itself, with {membership.plan_version.price}"),
        ("Credits", "They rest during the pause" if rests else "You can use your credits during the pause"),
    ]
    if quote.freeze == PlanVersion.Freeze.REDUCED_PRICE:
        said[-1] = ("Credits", "You get new ones with each reduced payment and can use all of them")
    if quote.due_cents:
        said.append(("Today", f"{quote.due}, once for this pause, is charged to your card on file"))
    if owed:
        said.append(("Open payment", f"{money.readable(owed, quote.currency)} is dropped; you do not owe it"))
    if membership.plan_version.freeze_extends_term and rules.term_ends_at(membership, now):
        said.append(("Minimum", "The paused months are added to the end of your minimum term"))
    return [*said, ("How to cancel", _with_notice(membership.plan_version))]


def _of_the_pause(quote: Quote, membership: Membership) -> str:
    """What is not paid, or paid instead, from the first payment of the pause on."""
    count = "1 payment" if quote.months == 1 else f"{quote.months} payments"
    version = membership.plan_version
    if quote.freeze == PlanVersion.Freeze.REDUCED_PRICE:
        reduced = money.readable(version.freeze_price_cents or 0, version.currency)
        return f"{count} of {reduced} instead of {version.price}, the first one that day"
    return f"{count} {'is' if quote.months == 1 else 'are'} skipped"


def _resume(quote: Quote, membership: Membership, now: datetime) -> list[Term]:
    version = membership.plan_version
    return [
        ("Plan", version.plan.name),
        ("Price", f"{version.price} {per(version)}"),
        ("Today", "Nothing is charged"),
        ("Next payment", f"{version.price} {_next(quote, membership)}"),
        ("Renewal", f"Renews {_each(version)} until you cancel"),
        ("Minimum", rules.minimum_sentence(membership, now) or "None"),
        ("How to cancel", _with_notice(version)),
    ]


def _cancel(quote: Quote, membership: Membership, now: datetime) -> list[Term]:
    version = membership.plan_version
    if quote.ends_at_once:
        return _early_end(quote, membership, now)
    said = [("Ends", rules.day(quote.takes_effect_at, membership))]
    if minimum := rules.minimum_sentence(membership, now):
        said.append(("Minimum", minimum))
    elif version.notice_days:
        said.append(("Notice", f"Your plan asks for {version.notice_days} days' notice"))
    payments = "None; your last payment is made"
    if membership.current_period_end and quote.takes_effect_at > membership.current_period_end:
        payments = f"Continue until then, {version.price} {per(version)}"
    said.append(("Payments", payments))
    if owed := sum(membership.invoices.owed().values_list("amount_remaining_cents", flat=True)):
        said.append(("Open payment", f"{money.readable(owed, quote.currency)} for the present period stays due"))
    days = version.usable_after_cancel_days
    said.append(("Credits", f"Usable for {days} days after the end" if days else "Usable until the end"))
    if fee := rules.early_end_fee(membership, now):
        said.append(("Sooner", f"You may end it today instead, for {money.readable(fee, quote.currency)}"))
    return [*said, ("Changed your mind", "You can take this back until the end, or restart later")]


def _early_end(quote: Quote, membership: Membership, now: datetime) -> list[Term]:
    days = membership.plan_version.usable_after_cancel_days
    return [
        ("Ends", f"Today, {rules.day(now, membership)}"),
        ("Today", f"{quote.due}, the fee for leaving before the minimum, is charged to your card on file"),
        ("Minimum", rules.minimum_sentence(membership, now)),
        ("Or without a fee", f"It ends on {rules.day(rules.earliest_end(membership, now), membership)}"),
        ("Payments", "None after this one"),
        ("Credits", f"Usable for {days} days from today" if days else "Unused credits end today"),
        ("Changed your mind", "This cannot be taken back; you may restart at any time"),
    ]


def per(version: PlanVersion) -> str:
    return "a year" if version.interval == PlanVersion.Interval.YEAR else "a month"


def _each(version: PlanVersion) -> str:
    return "each year" if version.interval == PlanVersion.Interval.YEAR else "each month"


def _today(quote: Quote) -> str:
    if not quote.due_cents:
        return "Nothing is charged"
    if quote.act == Act.UPGRADE:
        return f"{quote.due} for the rest of this period, the unused part of your present plan taken off"
    return f"{quote.due} is charged to your card on file"


def _next(quote: Quote, membership: Membership) -> str:
    if quote.act in (Act.START, Act.RESTART):
        return f"one {quote.plan_version.interval} after you confirm"
    return f"on {rules.day(quote.next_charge_at, membership)}" if quote.next_charge_at else "with the next period"


def _minimum(version: PlanVersion) -> str:
    months = version.minimum_term_months
    return f"{months} months from the start of this plan" if months else "None"


def _with_notice(version: PlanVersion) -> str:
    notice = f" Your plan asks for {version.notice_days} days' notice." if version.notice_days else ""
    return HOW_TO_CANCEL + notice


_TERMS = {
    Act.START: _charging,
    Act.UPGRADE: _upgrade,
    Act.RESTART: _charging,
    Act.DOWNGRADE: _downgrade,
    Act.PAUSE: _pause,
    Act.RESUME: _resume,
    Act.KEEP: _resume,
    Act.CANCEL: _cancel,
}
