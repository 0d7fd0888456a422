"""A plan's rules as sentences that staff and patients read alike. Nothing here decides; it says what the rows say."""

from common import money
from members.models import Benefit, PlanVersion


def rules(version: PlanVersion) -> list[tuple[str, str]]:
    """(what about, the rule) in the order in which people ask."""
    return [
        ("Price", f"{version.price} a {version.interval}."),
        ("Leaving", _leaving(version)),
        ("Freezing", _freezing(version)),
        ("Unpaid", _unpaid(version)),
        ("Paused", _resting("while the membership is paused", version.usable_while_paused)),
        ("After the end", _after_end(version.usable_after_cancel_days)),
        ("Moving to a smaller plan", _kept("Unused credits stay", "Unused credits end", version)),
    ]


def benefit(line: Benefit) -> list[str]:
    """The rules of one benefit, each a sentence; what the version rules is not repeated."""
    if line.kind == Benefit.Kind.PERCENT:
        return ["While the membership runs."]
    said = [_validity(line)]
    if line.rollover_cap is not None:
        most = money.readable(line.rollover_cap) if line.kind == Benefit.Kind.WALLET else str(line.rollover_cap)
        said.append(f"At most {most} unused are carried into a new period." if line.rollover_cap else "No rollover.")
    if line.usable_after_cancel_days is not None:
        said.append(_after_end(line.usable_after_cancel_days))
    if line.usable_while_paused is not None:
        said.append(_resting("while paused", line.usable_while_paused))
    if line.usable_while_past_due is not None:
        said.append(_resting("while a payment is open", line.usable_while_past_due))
    if line.shareable:
        said.append("The household may share it.")
    if line.guest_passes_per_year:
        said.append(f"{_count(line.guest_passes_per_year, 'guest pass', 'guest passes')} a year.")
    return said


def _leaving(version: PlanVersion) -> str:
    term = f"{_count(version.minimum_term_months, 'month')} minimum" if version.minimum_term_months else "No minimum"
    fee = (
        f"; leaving earlier costs {money.readable(version.early_end_fee_cents)}" if version.early_end_fee_cents else ""
    )
    notice = f"{_count(version.notice_days, 'day')} notice" if version.notice_days else "no notice needed"
    return f"{term}{fee}; {notice}."


def _freezing(version: PlanVersion) -> str:
    offered = version.freezes_offered
    if not offered:
        return "Not offered."
    ways = " or ".join(way(version, freeze) for freeze in offered)
    fee = f"; {money.readable(version.freeze_fee_cents)} each time" if version.freeze_fee_cents else ""
    term = "" if not version.minimum_term_months else _extends(version)
    return f"Up to {_count(version.freeze_months_per_year, 'month')} a year: {ways}{fee}{term}."


def way(version: PlanVersion, freeze: PlanVersion.Freeze) -> str:
    """'no payment, benefits rest'"""
    if freeze == PlanVersion.Freeze.REDUCED_PRICE:
        return f"{money.readable(version.freeze_price_cents or 0)} a {version.interval} with benefits"
    return "no payment, benefits go on" if freeze == PlanVersion.Freeze.WITH_BENEFITS else "no payment, benefits rest"


def _extends(version: PlanVersion) -> str:
    return "; frozen time is added to the minimum" if version.freeze_extends_term else "; the minimum runs on"


def _unpaid(version: PlanVersion) -> str:
    then = "paused" if version.after_grace == PlanVersion.AfterGrace.PAUSE else "cancelled"
    meanwhile = "go on" if version.usable_while_past_due else "rest"
    return f"Benefits {meanwhile} for {_count(version.grace_days, 'day')}; then the membership is {then}."


def _resting(when: str, usable: bool) -> str:
    return f"Benefits can be used {when}." if usable else f"Benefits rest {when}."


def _after_end(days: int) -> str:
    return f"Unused credits can be used for {_count(days, 'more day')}." if days else "Unused credits end with it."


def _kept(kept: str, ended: str, version: PlanVersion) -> str:
    return f"{kept if version.credits_kept_on_downgrade else ended}."


def _validity(line: Benefit) -> str:
    if line.valid_months:
        return f"Unused after {_count(line.valid_months, 'month')}, it expires."
    return "Unused at the end of the period, it expires."


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
