"""What the concierge says: short, true, in English or Spanish, in one or two segments of GSM-7.

Figures and dates come from facts only (R168), and a patient's own words are never repeated: they may hold health
details (R110). A service is named only if the patient named it (settled.md 12).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from concierge.facts import LotFact, MemberFacts
from concierge.understanding.safety import Emergency
from outreach import wording


@dataclass(frozen=True)
class Voice:
    """Who speaks, in which language, and whether this is the first automated text of a conversation (R154)."""

    practice: str
    language: str
    introduces: bool = False

    def says(self, *sentences: str) -> str:
        """The sentences, with the introduction in front where it is due."""
        introduction = [self.words("introduction", practice=self.practice)] if self.introduces else []
        return wording.plain(" ".join([*introduction, *sentences]))

    def words(self, key: str, **facts: str) -> str:
        return _WORDS[self.language][key].format(**facts)


def balance(voice: Voice, facts: MemberFacts, *, service_ids: tuple[int, ...], whether: bool) -> str:
    """What is left by the ledger: "Yes, you have 1 Signature Facial credit, good through Jul 31." """
    lots = facts.lots_of(service_ids)
    counts = _counts(lots)
    total = sum(counts.values())
    number = "one" if total == 1 else "many"
    if not service_ids:
        said = voice.words(f"has_{number}_unnamed", count=str(total))
    elif len(counts) == 1:
        said = voice.words(f"has_{number}", count=str(total), what=lots[0].service_name)
    else:
        what = ", ".join(f"{count} {name}" for name, count in counts.items())
        said = voice.words("has_several", count=str(total), what=what)
    lead = voice.words("yes") if whether else ""
    return f"{lead}{said if lead else said[:1].upper() + said[1:]}{_expiry(voice, facts, lots)}."


def no_credit(voice: Voice, facts: MemberFacts, *, service_ids: tuple[int, ...]) -> str:
    """Nothing is left, and when the next credit comes if the plan grants one."""
    granted = [name for service_id, name in facts.benefits if service_id in service_ids]
    if granted:
        said = voice.words("has_none", what=granted[0])
    else:
        said = voice.words("has_none_of_that" if service_ids else "has_none_unnamed")
    if others := facts.balance_of(()):
        number = "one" if others == 1 else "many"
        said = f"{said} {voice.words(f'has_{number}_other', count=str(others))}"
    comes = granted or (facts.benefits and not service_ids)
    if not (comes and facts.renews_at and facts.renews_at > facts.at):
        return said
    if facts.payment_due:
        return f"{said} {voice.words('next_after_payment')}"
    return f"{said} {voice.words('next_comes', day=dated(voice, date_there(facts.renews_at, facts.zone), facts))}"


def times(voice: Voice, moments: Sequence[datetime], *, zone: str, location: str) -> str:
    """Reply 1 for Thu Jun 18, 3:30 pm or 2 for Fri Jun 19, 10 am in Austin."""
    named = [f"{number} {voice.words('for')} {moment(voice, when, zone)}" for number, when in enumerate(moments, 1)]
    said = voice.words("reply_with", options=voice.words("or").join(named), location=location)
    return said if voice.introduces else f"{said} {voice.words('another_time')}"  # the introduction names the person


def moment(voice: Voice, when: datetime, zone: str) -> str:
    """Thu Jun 18, 3:30 pm; in Spanish: jue 18 jun, 3:30 pm."""
    there = when.astimezone(ZoneInfo(zone))
    return f"{day_of(voice, there.date())}, {clock(there)}"


def day_of(voice: Voice, day: date) -> str:
    """Thu Jun 18; in Spanish: jue 18 jun."""
    weekday, month = _WEEKDAYS[voice.language][day.weekday()], _MONTHS[voice.language][day.month - 1]
    return f"{weekday} {day.day} {month}" if voice.language == "es" else f"{weekday} {month} {day.day}"


def clock(there: datetime) -> str:
    """3:30 pm, 10 am."""
    minutes = f":{there.minute:02d}" if there.minute else ""
    return f"{there.hour % 12 or 12}{minutes} {'am' if there.hour < 12 else 'pm'}"


def by_when(voice: Voice, due_at: datetime, *, now: datetime, zone: str) -> str:
    """By 3:30 pm today, rounded up to the quarter of an hour."""
    quarter = timedelta(minutes=15)
    there = due_at - (due_at - datetime(2000, 1, 1, tzinfo=UTC)) % quarter
    there += quarter if there < due_at else timedelta()
    local, today = there.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    ahead = (local.date() - today).days
    if ahead in (0, 1):
        return voice.words("by_today" if ahead == 0 else "by_tomorrow", time=clock(local))
    weekday, month = _WEEKDAYS[voice.language][local.weekday()], _MONTHS[voice.language][local.month - 1]
    return voice.words("by_day", time=clock(local), weekday=weekday, month=month, day=str(local.day))


def emergency(kind: Emergency, *, language: str, phone: str) -> str:
    """The fixed texts of R159, R160 and R165; `phone` as people read it."""
    return wording.plain(_EMERGENCIES[language][kind].format(phone=phone))


def _counts(lots: Sequence[LotFact]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for lot in lots:
        counts[lot.service_name] = counts.get(lot.service_name, 0) + lot.remaining
    return counts


def _expiry(voice: Voice, facts: MemberFacts, lots: Sequence[LotFact]) -> str:
    """The last day of what expires first, and how many credits end on it."""
    first = lots[0]
    if first.expires_at is None:
        return ""
    last = last_day(first.expires_at, facts)
    ending = [lot for lot in lots if lot.expires_at and last_day(lot.expires_at, facts) == last]
    key = "good_through" if len(ending) == len(lots) else "next_expires"
    return voice.words(key, count=str(sum(lot.remaining for lot in ending)), day=dated(voice, last, facts))


def last_day(expires_at: datetime, facts: MemberFacts) -> date:
    """An expiry at midnight belongs to the day before."""
    return date_there(expires_at - timedelta(microseconds=1), facts.zone)


def date_there(when: datetime, zone: str) -> date:
    return when.astimezone(ZoneInfo(zone)).date()


def dated(voice: Voice, day: date, facts: MemberFacts) -> str:
    """Jul 31; with the year when it is not this one."""
    month = _MONTHS[voice.language][day.month - 1]
    said = f"{day.day} {month}" if voice.language == "es" else f"{month} {day.day}"
    if day.year == date_there(facts.at, facts.zone).year:
        return said
    return f"{said} {day.year}" if voice.language == "es" else f"{said}, {day.year}"


_WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "es": ("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
}
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}

_WORDS = {
    "en": {
        "introduction": "{practice}'s automated assistant here (text PERSON for a person, STOP to opt out).",
        "yes": "Yes, ",
        "has_one": "you have 1 {what} credit",
        "has_many": "you have {count} {what} credits",
        "has_one_unnamed": "you have 1 membership credit",
        "has_many_unnamed": "you have {count} membership credits",
        "has_several": "you have {count} credits: {what}",
        "good_through": ", good through {day}",
        "next_expires": "; {count} to use by {day}",
        "has_none": "You have no {what} credit left right now.",
        "has_none_unnamed": "You have no membership credit left right now.",
        "has_none_of_that": "You have no credit left for that right now.",
        "has_one_other": "You do have 1 other membership credit.",
        "has_many_other": "You do have {count} other membership credits.",
        "ends_first": "For the one that ends first:",
        "next_comes": "Your next one comes with your renewal on {day}.",
        "next_after_payment": "Your next one comes once your membership payment has gone through.",
        "for": "for",
        "or": " or ",
        "reply_with": "Reply {options} in {location}.",
        "another_time": "Or PERSON for another time.",
        "ask_us": "To book, reply PERSON and our team will help.",
        "booked_for": "You are booked for {moment}.",
        "welcome": "You're welcome!",
        "no_problem": "No problem. Text us any time.",
        "automated": "No, this is {practice}'s automated assistant. Reply PERSON and someone on our team will answer.",
        "which_time": "Which time would you like?",
        "no_cards": "For your security we can't take card numbers by text, and we have not kept it.",
        "card_link": "Please use {{link}}",
        "card_call": "Please call {phone}.",
        "booked": "You're booked: {moment}, {practice} {location}, {street}. Plans changed? Just text us.",
        "slot_gone": "Sorry, that time was just taken.",
        "expired": "Those times have expired.",
        "no_times": "We have no open time to offer right now.",
        "hand_off": "Thanks for your text. A person from our {location} team will text you back {by}.",
        "hand_off_upset": "We're sorry about this. A person from our {location} team will text you back {by}.",
        "hand_off_unknown": "Thanks for your text. We can't match this number to an account, so please reply with your "
        "full name. A person from {practice} will text you back {by}.",
        "hand_off_shared": "Thanks for your text. To protect your privacy, please reply with your full name. A person "
        "from {practice} will text you back {by}.",
        "by_today": "by {time} today",
        "by_tomorrow": "by {time} tomorrow",
        "by_day": "by {time} on {weekday}, {month} {day}",
    },
    "es": {
        "introduction": "Asistente automático de {practice} (PERSONA: hablar con alguien, STOP: salir).",
        "yes": "Sí, ",
        "has_one": "tiene 1 crédito de {what}",
        "has_many": "tiene {count} créditos de {what}",
        "has_one_unnamed": "tiene 1 crédito de membresía",
        "has_many_unnamed": "tiene {count} créditos de membresía",
        "has_several": "tiene {count} créditos: {what}",
        "good_through": ", para usar hasta el {day}",
        "next_expires": "; {count} hasta el {day}",
        "has_none": "No le queda ningún crédito de {what} por ahora.",
        "has_none_unnamed": "No le queda ningún crédito de membresía por ahora.",
        "has_none_of_that": "No le queda ningún crédito para eso por ahora.",
        "has_one_other": "Sí tiene 1 crédito más de membresía.",
        "has_many_other": "Sí tiene {count} créditos más de membresía.",
        "ends_first": "Para el que vence primero:",
        "next_comes": "El próximo llega con su renovación el {day}.",
        "next_after_payment": "El próximo llega cuando se complete el pago de su membresía.",
        "for": "para el",
        "or": " o ",
        "reply_with": "Responda {options} en {location}.",
        "another_time": "O PERSONA para otra hora.",
        "ask_us": "Para reservar, responda PERSONA y le ayudamos.",
        "booked_for": "Tiene cita el {moment}.",
        "welcome": "¡De nada!",
        "no_problem": "Sin problema. Escríbanos cuando quiera.",
        "automated": "No, soy el asistente automático de {practice}. Responda PERSONA y le atiende alguien del equipo.",
        "which_time": "¿Qué hora prefiere?",
        "no_cards": "Por su seguridad no recibimos números de tarjeta por mensaje, y no lo hemos guardado.",
        "card_link": "Use por favor {{link}}",
        "card_call": "Llame por favor al {phone}.",
        "booked": "Su cita: {moment}, {practice} {location}, {street}. ¿Cambio de planes? Escríbanos.",
        "slot_gone": "Lo sentimos, esa hora se acaba de ocupar.",
        "expired": "Esas horas ya vencieron.",
        "no_times": "Por ahora no tenemos una hora libre que ofrecerle.",
        "hand_off": "Gracias por su mensaje. Una persona de nuestro equipo de {location} le escribirá {by}.",
        "hand_off_upset": "Lo sentimos. Una persona de nuestro equipo de {location} le escribirá {by}.",
        "hand_off_unknown": "Gracias por su mensaje. No encontramos este número, responda por favor con su nombre "
        "completo. Una persona de {practice} le escribirá {by}.",
        "hand_off_shared": "Gracias por su mensaje. Para proteger su privacidad, responda por favor con su nombre "
        "completo. Una persona de {practice} le escribirá {by}.",
        "by_today": "antes de las {time} de hoy",
        "by_tomorrow": "antes de las {time} de mañana",
        "by_day": "antes de las {time} del {weekday} {day} {month}",
    },
}

_EMERGENCIES = {
    "en": {
        Emergency.TIER_1: "If this is an emergency, call 911 now. We are alerting our clinical team. You can also "
        "call us at {phone}.",
        Emergency.TIER_2: "A clinician needs to see this now: call {phone}. If you can't reach us, or have trouble "
        "seeing or breathing, call 911.",
        Emergency.SELF_HARM: "You are not alone. Please call or text 988 now, any hour, or 911 if you are in danger. "
        "We are alerting our team and a person will contact you.",
    },
    "es": {
        Emergency.TIER_1: "Si es una emergencia, llame al 911 ahora. Estamos avisando a nuestro equipo clínico. "
        "También puede llamarnos al {phone}.",
        Emergency.TIER_2: "Un profesional clínico debe ver esto ahora: llame al {phone}. Si no logra comunicarse, o "
        "tiene problemas para ver o respirar, llame al 911.",
        Emergency.SELF_HARM: "No está solo. Llame o escriba al 988 ahora, a cualquier hora, o al 911 si está en "
        "peligro. Estamos avisando a nuestro equipo y una persona se comunicará con usted.",
    },
}
