"""What a text offers and what a reply to it means: the contract between who offers and who understands.

An Offer belongs to ONE outgoing message. Its `options` are a list in the order in which the text names them:

- kind APPOINTMENT: `{"words", "language", "service", "location", "provider", "starts_at", "ends_at"}`, ids and ISO
  moments. Nothing is held until the patient takes one (settled.md 15); booking may still find the time gone.
- kind REPLY: `{"words", "say", "act"}`. `say` lists what the patient may write, in lower case, as "1" or "restart";
  `act` is a code of `ACTS` and says what the taker does:

    update_card            send the card link
    pause                  QUOTE a pause: type, dates, what happens to the open invoice
    restart                QUOTE new terms with a code of their own
    resume                 QUOTE the end of a pause with a code of its own
    upgrade                QUOTE the plan above with a code of its own
    this_week, next_week   look up times and offer them
    remind                 sequences.enrol(slug=REMIND_LATER, start_at=60 days on)
    not_now                note it, end the sequence

  Nothing here raises or stops a charge by itself: those acts begin with a quote (R90, R100, settled.md 14).

How to read a reply: `match(phone=…, body=…, now=…)` looks at the LAST message to that number that offered anything.
None: the text says nothing that was offered, so understand it as any other. A Match whose `state` is "open" may be
taken with `take`; "expired" and "taken" are answered in words and change nothing, so that a late "2" cannot pause the
wrong thing. `take` is a conditional UPDATE: of many workers one gets True, and only that one acts.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from common.claims import claim
from members import scheduling
from members.models import Patient, Service
from members.scheduling import Opening
from outreach.models import Message, Offer

CHARGES = timedelta(hours=48)  # R90: what touches a charge is open that long
_OTHERS = timedelta(days=7)
_REMEMBERED = timedelta(days=30)  # a "2" that comes later than this answers something else
_TOO_NEAR = timedelta(hours=2)

# act -> (what may be written, the longest it is open)
ACTS: dict[str, tuple[tuple[str, ...], timedelta]] = {
    "update_card": (("1", "card", "tarjeta"), CHARGES),
    "pause": (("2", "pause", "pausa", "pausar"), CHARGES),
    "restart": (("restart",), CHARGES),
    "resume": (("resume", "reanudar"), CHARGES),
    "upgrade": (("upgrade",), CHARGES),
    "this_week": (("1", "this week", "esta semana"), _OTHERS),
    "next_week": (("2", "next week", "proxima semana", "la proxima semana", "la siguiente"), _OTHERS),
    "remind": (("remind", "remind me", "later", "recordar", "recuerdeme"), _OTHERS),
    "not_now": (("not now", "no thanks", "ahora no", "no gracias"), _OTHERS),
}
TIMES = "times"  # the choice of a step that names real appointment times


@dataclass(frozen=True)
class Match:
    offer: Offer
    option: int
    state: str  # open | expired | taken

    @property
    def act(self) -> str:
        """A code of ACTS; "book" for an appointment time."""
        return str(self.offer.options[self.option].get("act", "book"))


def bind_replies(message: Message, acts: Sequence[str], *, now: datetime) -> Offer | None:
    """Bind the replies that a text names to it; None where there is nobody to take them. In the maker's transaction."""
    if message.patient is None or not acts:
        return None
    options = [{"words": ACTS[act][0][0], "say": list(ACTS[act][0]), "act": act} for act in acts]
    return _bind(message, message.patient, Offer.Kind.REPLY, options, min(ACTS[act][1] for act in acts), now)


def bind_times(
    message: Message, openings: Sequence[Opening], words: Sequence[str], language: str, *, now: datetime
) -> Offer | None:
    """Bind appointment times, in the order in which the text names them; `words` are how it says them."""
    if message.patient is None or not openings:
        return None
    options = [
        {
            "words": said,
            "language": language,
            "service": opening.service_id,
            "location": opening.location_id,
            "provider": opening.provider_id,
            "starts_at": opening.starts_at.isoformat(),
            "ends_at": opening.ends_at.isoformat(),
        }
        for opening, said in zip(openings, words, strict=True)
    ]
    return _bind(message, message.patient, Offer.Kind.APPOINTMENT, options, CHARGES, now)


def went_out(message: Message, *, now: datetime) -> None:
    """A text that waited for the morning offers from the morning on."""
    offer = _of(message)
    if offer and offer.taken_at is None and offer.made_at < now:
        lasts = offer.expires_at - offer.made_at
        Offer.objects.filter(pk=offer.pk, taken_at__isnull=True).update(made_at=now, expires_at=now + lasts)


def is_over(message: Message, *, now: datetime) -> bool:
    """Whether a text that has not gone out yet names an appointment that nobody can come to any more."""
    offer = _of(message) if message.enrolment_id else None
    if offer is None or offer.kind != Offer.Kind.APPOINTMENT:
        return False
    return any(datetime.fromisoformat(option["starts_at"]) < now + _TOO_NEAR for option in offer.options)


def _of(message: Message) -> Offer | None:
    try:
        return message.offer  # read with the message where that was read to be sent
    except Offer.DoesNotExist:
        return None


def last(*, phone: str, now: datetime) -> Offer | None:
    """The newest offer to this number that a reply may still mean."""
    offers = Offer.objects.filter(message__address=phone, made_at__gt=now - _REMEMBERED)
    return offers.select_related("message__enrolment__sequence", "patient").order_by("-made_at", "-pk").first()


def named(offer: Offer, *, body: str, now: datetime) -> Match | None:
    """What of the offer the reply names."""
    option = _named(offer, plain(body))
    if option is None:
        return None
    state = "taken" if offer.taken_at else "expired" if offer.expires_at <= now else "open"
    return Match(offer, option, state)


def match(*, phone: str, body: str, now: datetime) -> Match | None:
    """What of the last offer to this number the reply names; see above."""
    offer = last(phone=phone, now=now)
    return named(offer, body=body, now=now) if offer else None


def take(found: Match, *, now: datetime) -> bool:
    """Take the option, once, while it is open. True for the one caller who acts on it."""
    still_open = Offer.objects.filter(pk=found.offer.pk, taken_at__isnull=True, expires_at__gt=now)
    return claim(still_open, taken_at=now, taken_option=found.option)


def look_up_times(*, patient: Patient, service_id: int, now: datetime) -> list[Opening]:
    """Two real times within two weeks that suit the patient; fewer when there are fewer. Not inside a transaction."""
    service = Service.objects.get(pk=service_id)
    return scheduling.get().openings(patient=patient, service=service, after=now, until=now + timedelta(days=14))


def _bind(
    message: Message, patient: Patient, kind: str, options: list[dict[str, Any]], lasts: timedelta, now: datetime
) -> Offer:
    begins = max(now, message.due_at or now)
    return Offer.objects.create(
        message=message,
        patient=patient,
        kind=kind,
        options=options,
        made_at=begins,
        expires_at=begins + lasts,
    )


def _named(offer: Offer, said: str) -> int | None:
    for place, option in enumerate(offer.options):
        words = option.get("say") or [str(place + 1)]
        if said in words:
            return place
    return None


def plain(body: str) -> str:
    """'  Restart! ' -> 'restart'; accents off, as patients type them or not."""
    letters = unicodedata.normalize("NFKD", body.casefold())
    return " ".join(re.sub(r"[^\w\s]", " ", "".join(c for c in letters if not unicodedata.combining(c))).split())
