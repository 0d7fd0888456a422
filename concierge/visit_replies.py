"""What is said about appointments, in English and Spanish; days are always said back as they were understood."""

from datetime import date, datetime, time

from concierge.replies import Voice, clock, day_of
from members.scheduling import TimeWish


def words(voice: Voice, key: str, **facts: str) -> str:
    return _WORDS[voice.language][key].format(**facts)


def wish(voice: Voice, wanted: TimeWish) -> str:
    """ "Thu Jun 18 from 4 pm": the day and the hours that were understood; '' for any time."""
    said = [_days(voice, wanted), _hours(voice, wanted)]
    return " ".join(part for part in said if part)


def _days(voice: Voice, wanted: TimeWish) -> str:
    named = [
        _one(voice, first) if first == last else f"{_one(voice, first)} - {_one(voice, last)}"
        for first, last in wanted.days[:2]
    ]
    return words(voice, "or").join(named)


def _hours(voice: Voice, wanted: TimeWish) -> str:
    begins = clock(datetime.combine(date.min, wanted.begins)) if wanted.begins != time.min else ""
    before = clock(datetime.combine(date.min, wanted.before)) if wanted.before else ""
    if begins and before:
        return words(voice, "between", begins=begins, before=before)
    if begins:
        return words(voice, "from", begins=begins)
    return words(voice, "before", before=before) if before else ""


def _one(voice: Voice, day: date) -> str:
    return day_of(voice, day)


_WORDS = {
    "en": {
        "or": " or ",
        "and": " and ",
        "between": "between {begins} and {before}",
        "from": "from {begins}",
        "before": "before {before}",
        "nothing_then": "We have nothing open {wish}. The nearest times:",
        "how_to_book": "You can book right here or at {{link}}",
        "move_from": "To move your {moment} appointment:",
        "ask_cancel": "Cancel your appointment on {moment}? Reply 1 to cancel it or 2 to keep it.",
        "cancelled": "Done: your appointment on {moment} is cancelled. Text us any time for a new one.",
        "cancel_requested": "We have your cancellation for {moment}; our desk takes it out of the schedule now.",
        "kept_visit": "All right, we keep it: {moment}.",
        "moved": "Done, you are moved: {moment}, {practice} {location}, {street}. Plans changed? Just text us.",
        "requested": "We have asked our desk for {moment}, {practice} {location}. They enter it by hand, and we text "
        "you when it is confirmed.",
        "tell": "You are booked for {moments}. Reply MOVE or CANCEL APPOINTMENT to change it.",
        "nothing_booked": "You have no appointment booked with us right now.",
        "no_credit": "You have no credit to book that with right now. Reply PERSON and our team will help you book.",
        "no_times": "We found no open time. Reply PERSON and our team will find one.",
    },
    "es": {
        "or": " o ",
        "and": " y ",
        "between": "entre las {begins} y las {before}",
        "from": "desde las {begins}",
        "before": "antes de las {before}",
        "nothing_then": "No tenemos nada libre {wish}. Lo más cercano:",
        "how_to_book": "Puede reservar por aquí o en {{link}}",
        "move_from": "Para cambiar su cita del {moment}:",
        "ask_cancel": "¿Cancelamos su cita del {moment}? Responda 1 para cancelar o 2 para dejarla.",
        "cancelled": "Listo: su cita del {moment} queda cancelada. Escríbanos cuando quiera otra.",
        "cancel_requested": "Recibimos su cancelación del {moment}; recepción la quita ahora de la agenda.",
        "kept_visit": "Muy bien, la dejamos: {moment}.",
        "moved": "Listo, su cita cambió: {moment}, {practice} {location}, {street}. ¿Cambio de planes? Escríbanos.",
        "requested": "Pedimos a recepción su cita: {moment}, {practice} {location}. La anotan a mano y le escribimos "
        "cuando esté confirmada.",
        "tell": "Tiene cita el {moments}. Responda CAMBIAR CITA o CANCELAR CITA si hace falta.",
        "nothing_booked": "Por ahora no tiene ninguna cita con nosotros.",
        "no_credit": "Por ahora no tiene crédito para eso. Responda PERSONA y le ayudamos a reservar.",
        "no_times": "No encontramos una hora libre. Responda PERSONA y le buscamos una.",
    },
}
