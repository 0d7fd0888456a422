"""What to do with a text, once it is understood: a pure function of what was read, the facts and the open offer.

No database and no clock in here, so that every intent x state has its line in a table test.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from concierge import change_policy, member_policy, visit_policy
from concierge.change_policy import Change, Chosen
from concierge.facts import CLARIFIED, Known, MemberFacts, Sender
from concierge.member_policy import Tell, Topic
from concierge.understanding.base import Intent, Understanding
from concierge.understanding.change_words import ChangeWords
from concierge.understanding.phrases import normal
from concierge.visit_policy import Arrange
from members.models import Escalation, Membership
from members.scheduling import TimeWish

Reason, Severity = Escalation.Reason, Escalation.Severity

MOST_ANSWERS = 10  # to one number in ten minutes; more is a machine or a flood


class Say(StrEnum):
    BALANCE = "balance"
    NO_CREDIT = "no_credit"
    WELCOME = "welcome"
    AUTOMATED = "automated"
    WHICH_TIME = "which_time"
    NO_PROBLEM = "no_problem"
    ALREADY_BOOKED = "already_booked"
    NO_CARDS = "no_cards"


@dataclass(frozen=True)
class Act:
    """Take an option of the open offer, or offer new times in its place."""

    rule: str
    option: int | None


@dataclass(frozen=True)
class HandOff:
    """A person answers. `tells`: the patient is told who and when. `gives_pen`: automation falls silent (R166)."""

    rule: str
    reason: str
    severity: int = Severity.NORMAL
    tells: bool = True
    gives_pen: bool = False


@dataclass(frozen=True)
class Reply:
    rule: str
    say: Say
    offer_service: int | None = None  # offer times for this service, if the scheduler has any
    beside: HandOff | None = None  # what else the text asked for, that only a person can answer


Decision = Reply | Act | HandOff | Arrange | Tell | Change


@dataclass(frozen=True)
class Offered:
    """The last offer of times to this patient, and which option the text picks (None: none)."""

    service_id: int
    times: tuple[datetime, ...]
    is_open: bool
    taken: int | None
    picked: int | None
    acts: tuple[str, ...] = ()  # what each option does; a booking where nothing is said
    visit_id: int | None = None  # which appointment they are about

    def act_of(self, option: int) -> str:
        return self.acts[option] if option < len(self.acts) else visit_policy.Act.BOOK


@dataclass(frozen=True)
class Extras:
    """What came with the words."""

    has_card: bool = False  # a card number that was redacted before storage
    has_pictures: bool = False
    wish: TimeWish | None = None  # the days and hours that the text names
    chosen: Chosen | None = None  # the code of a quote, or a reply that the last text named
    said: ChangeWords = field(default_factory=ChangeWords)  # how long a pause should be, and why


def decide(
    understood: Understanding, facts: MemberFacts | None, offered: Offered | None, *, sender: Sender, extras: Extras
) -> Decision:
    """`facts` are there exactly when the number is one patient's."""
    return (
        _not_to_be_texted(sender)
        or _to_anyone(understood, sender, extras)
        or _not_one_patient(sender, facts)
        or _chosen(facts, extras)
        or _about_the_offer(understood, facts, offered)
        or _about_a_visit(understood, facts, offered, extras)
        or _to_a_member(understood, facts)
        or _about_a_change(understood, facts, extras)
        or _about_the_membership(understood, facts, sender)
        or _to_a_person("The question is not one that the concierge answers.", sender, Reason.QUESTION)
    )


def _not_to_be_texted(sender: Sender) -> Decision | None:
    if sender.opted_out:
        return HandOff("The number opted out of texts: no text may go back.", Reason.QUESTION, tells=False)
    if sender.is_minor:  # R170
        return HandOff("The patient is under 18.", Reason.QUESTION, tells=False)
    if sender.answers_lately >= MOST_ANSWERS:
        return HandOff("Too many texts in a short time.", Reason.QUESTION, tells=False, gives_pen=True)
    return None


def _to_anyone(understood: Understanding, sender: Sender, extras: Extras) -> Decision | None:
    """Answers that reveal nothing, and what a person must take whoever writes."""
    if extras.has_card:
        return Reply("A card number came by text (R126).", Say.NO_CARDS, beside=_BESIDE_A_CARD.get(understood.intent))
    if extras.has_pictures:
        return _to_a_person("A picture came with the text; pictures are not read.", sender, Reason.QUESTION)
    if understood.intent in (Intent.COMPLAINT, Intent.REFUND_DISPUTE):
        return HandOff("Upset, or about money back (R166).", Reason.HUMAN, Severity.HIGH, gives_pen=True)
    if understood.intent == Intent.HUMAN:
        return HandOff("Asked for a person.", Reason.HUMAN, gives_pen=True)
    if understood.entities.asks_if_person:
        return Reply("Asked whether a person answers (R155).", Say.AUTOMATED)
    if understood.intent == Intent.THANKS:
        return Reply("Said thanks.", Say.WELCOME)
    return None


_BESIDE_A_CARD = {
    Intent.COMPLAINT: HandOff("Sent a card number, and is upset.", Reason.HUMAN, Severity.HIGH, tells=False),
    Intent.REFUND_DISPUTE: HandOff(
        "Sent a card number, and wants money back.", Reason.HUMAN, Severity.HIGH, tells=False
    ),
    Intent.CLINICAL: HandOff("Sent a card number, and asks something clinical.", Reason.QUESTION, tells=False),
    Intent.HUMAN: HandOff("Sent a card number, and asked for a person.", Reason.HUMAN, tells=False),
    Intent.CANCEL_MEMBERSHIP: HandOff("Sent a card number, and may want to cancel.", Reason.CANCELLATION, tells=False),
}


def _not_one_patient(sender: Sender, facts: MemberFacts | None) -> Decision | None:
    if sender.known == Known.SEVERAL:
        return _to_a_person("Several patients share the number (R111).", sender, Reason.SHARED_PHONE)
    if sender.known == Known.NOBODY or facts is None:
        return _to_a_person("The number is not on file.", sender, Reason.UNKNOWN_NUMBER)
    return None


def _chosen(facts: MemberFacts | None, extras: Extras) -> Decision | None:
    """What the sender was offered and names: nothing else in the text is looked at."""
    if facts is None or extras.chosen is None:
        return None
    if extras.chosen.of_another and extras.chosen.state == "open":
        if extras.chosen.act == "update_card":
            return Tell("Pays for somebody else: the card link of that membership.", (Topic.CARD_LINK,))
        return HandOff("Pays for somebody else's membership, and wishes more than another card.", Reason.QUESTION)
    choice = change_policy.chosen(extras.chosen, facts)
    if not isinstance(choice, str):
        return choice
    free = next((lot.service_id for lot in facts.lots if facts.unbooked_of(lot.service_id) > 0), None)
    if free is None or not _may_book(facts, free):
        return HandOff("Wants times, but no credit can be booked.", Reason.QUESTION)
    wish = visit_policy.in_week(facts.at, facts.zone, following=choice == "next_week")
    return Arrange("Replied for times of a week that was offered.", visit_policy.Do.OFFER, free, wish=wish)


def _about_a_change(understood: Understanding, facts: MemberFacts | None, extras: Extras) -> Decision | None:
    change = change_policy.decide(understood, facts, extras.said) if facts else None
    if change and facts and _is_somebody_else(understood.entities.says_name, facts):
        return HandOff("The sender says another name than the patient's (R111).", Reason.SHARED_PHONE)
    return change


def _about_the_offer(understood: Understanding, facts: MemberFacts | None, offered: Offered | None) -> Decision | None:
    if offered is None or facts is None:
        return None
    asks_to_cancel = offered.act_of(0) == visit_policy.Act.CANCEL
    picked = 0 if asks_to_cancel and offered.is_open and understood.intent == Intent.AFFIRM else offered.picked
    if picked is not None and offered.act_of(picked) != visit_policy.Act.BOOK:
        return _taken_before(facts, offered, picked) or _take_change(facts, offered, picked)
    if offered.picked is not None:
        return _taken_before(facts, offered, offered.picked) or _take(facts, offered, offered.picked)
    if not offered.is_open:
        return None
    if understood.intent == Intent.AFFIRM:
        return Reply("A bare yes picks no time (R63).", Say.WHICH_TIME)
    return Reply("Wants none of the times.", Say.NO_PROBLEM) if understood.intent == Intent.DENY else None


def _taken_before(facts: MemberFacts, offered: Offered, option: int) -> Decision | None:
    if offered.taken is None:
        return None
    booked = any(visit.starts_at == offered.times[option] for visit in facts.visits)
    if option == offered.taken and booked:
        return Reply("Picked the time that is booked already.", Say.ALREADY_BOOKED)
    return HandOff("An option of this offer was taken before.", Reason.QUESTION)


def _take(facts: MemberFacts, offered: Offered, option: int) -> Decision:
    use_by = facts.use_by(offered.service_id)
    ends_before = offered.is_open and use_by is not None and offered.times[option] >= use_by
    if not _may_book(facts, offered.service_id) or ends_before:
        return HandOff("There is no credit for the appointment any more.", Reason.QUESTION)
    if not offered.is_open:
        return Act("The offered times have expired: new ones.", None)
    return Act("Picked an offered time.", option)


def _take_change(facts: MemberFacts, offered: Offered, option: int) -> Decision:
    """Move, cancel or keep the appointment that the question was about."""
    if not offered.is_open or offered.visit_id not in {visit.visit_id for visit in facts.visits}:
        return HandOff("The question about the appointment is no longer open.", Reason.QUESTION)
    return Act("Picked what becomes of the appointment.", option)


def _about_a_visit(
    understood: Understanding, facts: MemberFacts | None, offered: Offered | None, extras: Extras
) -> Decision | None:
    if facts is None or (offered and offered.picked is not None):
        return None
    recent = offered if offered and offered.is_open else None
    arrange = visit_policy.decide(
        understood,
        facts,
        extras.wish,
        offered_service=recent.service_id if recent else None,
        offered_visit=recent.visit_id if recent else None,
    )
    if arrange and _is_somebody_else(understood.entities.says_name, facts):
        return HandOff("The sender says another name than the patient's (R111).", Reason.SHARED_PHONE)
    if arrange and arrange.do == visit_policy.Do.PERSON:
        return HandOff(arrange.rule, Reason.QUESTION)
    return arrange


def _to_a_member(understood: Understanding, facts: MemberFacts | None) -> Decision | None:
    if facts is None:
        return None
    if understood.intent == Intent.CLINICAL:
        return HandOff("Asks something clinical: only a clinician may answer (R157).", Reason.QUESTION, Severity.HIGH)
    if understood.intent != Intent.CREDIT_BALANCE:
        return None
    if facts.status not in Membership.CURRENT:
        return HandOff("There is no current membership.", Reason.QUESTION)
    named = understood.entities.service_ids
    if _is_somebody_else(understood.entities.says_name, facts):
        return HandOff("The sender says another name than the patient's (R111).", Reason.SHARED_PHONE)
    lots = facts.lots_of(named)
    if not lots:
        return Reply("The ledger holds no such credit.", Say.NO_CREDIT)
    if facts.status in (Membership.Status.PAST_DUE, Membership.Status.PAUSED):
        return Reply(f"True balance; {facts.status}, so no times are offered.", Say.BALANCE)
    free = [lot.service_id for lot in lots if facts.unbooked_of(lot.service_id) > 0]
    if not free:
        return Reply("True balance; what is left is booked.", Say.BALANCE)
    return Reply("True balance, with times for the credit that expires first.", Say.BALANCE, offer_service=free[0])


def _about_the_membership(understood: Understanding, facts: MemberFacts | None, sender: Sender) -> Decision | None:
    if facts is None:
        return None
    if why := member_policy.needs_person(understood.intent, facts):
        return _to_a_person(why, sender, Reason.QUESTION)
    told = member_policy.decide(understood, facts)
    if told and _is_somebody_else(understood.entities.says_name, facts):
        return HandOff("The sender says another name than the patient's (R111).", Reason.SHARED_PHONE)
    is_asking = told is not None and told.topics[0] in (Topic.WHAT_ABOUT, Topic.WHICH_SERVICE)
    if told and not is_asking:
        return told
    may_ask = not (sender.was_asked or sender.waits_for_person)
    if told and may_ask:
        return Tell(CLARIFIED, told.topics)
    if understood.intent == Intent.OTHER and understood.runner_up and may_ask:
        return Tell(CLARIFIED, (Topic.CLARIFY,))
    return None


def _is_somebody_else(says_name: str, facts: MemberFacts) -> bool:
    """ "This is her husband", "Maria here": nothing of the patient may be told to them."""
    own = {*normal(f"{facts.first_name} {facts.last_name}").split(), "me", "again", "here"}
    return not own.issuperset(says_name.split())


def _may_book(facts: MemberFacts, service_id: int) -> bool:
    bookable = (Membership.Status.ACTIVE, Membership.Status.CANCELLING)
    return facts.status in bookable and facts.unbooked_of(service_id) > 0


def _to_a_person(rule: str, sender: Sender, reason: str) -> HandOff:
    """The second text that could not be answered takes automation off the thread (R166)."""
    return HandOff(rule, reason, gives_pen=sender.waits_for_person)
