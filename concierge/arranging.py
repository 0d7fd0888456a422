"""From a decision about an appointment to times that were looked up, and to what is said and offered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from concierge import replies, visit_replies
from concierge.actions import booking
from concierge.facts import MemberFacts
from concierge.replies import Voice
from concierge.visit_policy import Act, Arrange, Do
from members import links, scheduling
from members.models import Membership, Patient, PatientLink, Visit
from members.scheduling import ANYTIME, Opening


@dataclass(frozen=True)
class Said:
    """One answer: its sentences, and the options that it names."""

    sentences: list[str]
    openings: Sequence[Opening] = ()
    acts: Sequence[str] = ()
    link: PatientLink | None = None


def look_up(arrange: Arrange, *, patient: Patient, facts: MemberFacts, now: datetime) -> tuple[list[Opening], bool]:
    """The times to offer, and whether they are as wished. Not inside a transaction."""
    if arrange.service_id is None or arrange.do not in (Do.OFFER, Do.OFFER_MOVE):
        return [], True
    use_by = facts.use_by(arrange.service_id) if arrange.do == Do.OFFER else None
    return booking.nearest_times(
        patient=patient, service_id=arrange.service_id, use_by=use_by, now=now, wish=arrange.wish
    )


def say(arrange: Arrange, found: Sequence[Opening], *, exact: bool, voice: Voice, facts: MemberFacts) -> Said:
    if arrange.do == Do.TELL:
        moments = [replies.moment(voice, visit.starts_at, facts.zone) for visit in facts.visits[:3]]
        told = visit_replies.words(voice, "tell", moments=visit_replies.words(voice, "and").join(moments))
        return Said([told])
    if arrange.do in (Do.NOTHING_BOOKED, Do.NO_CREDIT):
        return Said([visit_replies.words(voice, arrange.do.value)])
    if arrange.do == Do.ASK_CANCEL:
        return _ask_cancel(arrange, voice, facts)
    return _offer(arrange, found, exact, voice, facts)


def done(act: str, visit: Visit, *, voice: Voice) -> str:
    """What became of the appointment."""
    location = visit.location
    where = {"practice": voice.practice, "location": location.name, "street": location.street}
    moment = replies.moment(voice, visit.starts_at, location.time_zone)
    if visit.status == Visit.Status.REQUESTED and act in (Act.BOOK, Act.MOVE):
        return visit_replies.words(voice, "requested", moment=moment, **where)
    if act == Act.CANCEL:
        key = "cancelled" if scheduling.get().confirms else "cancel_requested"
        return visit_replies.words(voice, key, moment=moment)
    if act == Act.KEEP:
        return visit_replies.words(voice, "kept_visit", moment=moment)
    if act == Act.MOVE:
        return visit_replies.words(voice, "moved", moment=moment, **where)
    return voice.words("booked", moment=moment, **where)


def booking_link(facts: MemberFacts, *, now: datetime) -> PatientLink | None:
    """A page to book on, for whoever asks how to book without naming a time."""
    membership = Membership.objects.filter(pk=facts.membership_id or 0).first()
    return links.issue(membership=membership, purpose=PatientLink.Purpose.BOOK, now=now) if membership else None


def _ask_cancel(arrange: Arrange, voice: Voice, facts: MemberFacts) -> Said:
    visit = Visit.objects.get(pk=arrange.visit_id or 0)
    moment = replies.moment(voice, visit.starts_at, facts.zone)
    opening = Opening(visit.service_id, visit.location_id, visit.provider_id or 0, visit.starts_at, visit.ends_at)
    question = visit_replies.words(voice, "ask_cancel", moment=moment)
    return Said([question], [opening, opening], [Act.CANCEL, Act.KEEP])


def _offer(arrange: Arrange, found: Sequence[Opening], exact: bool, voice: Voice, facts: MemberFacts) -> Said:
    if not found:
        return Said([visit_replies.words(voice, "no_times")])
    sentences, act, link = [], Act.BOOK, None
    if arrange.do == Do.OFFER_MOVE:
        act = Act.MOVE
        visit = next(visit for visit in facts.visits if visit.visit_id == arrange.visit_id)
        moment = replies.moment(voice, visit.starts_at, facts.zone)
        sentences.append(visit_replies.words(voice, "move_from", moment=moment))
    elif arrange.wish == ANYTIME:
        link = booking_link(facts, now=facts.at)
        sentences.append(visit_replies.words(voice, "how_to_book") if link else "")
    if not exact:
        wished = visit_replies.wish(voice, arrange.wish)
        sentences.append(visit_replies.words(voice, "nothing_then", wish=wished).replace("  ", " "))
    moments = [opening.starts_at for opening in found]
    sentences.append(replies.times(voice, moments, zone=facts.zone, location=facts.location_name))
    return Said([each for each in sentences if each], found, [act] * len(found), link)
