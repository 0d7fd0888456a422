"""Members who do not use what they pay for. A text says credits and times, never a treatment (R107)."""

from outreach.models import Message, Sequence, Step
from outreach.offers import TIMES
from outreach.playbooks.base import Playbook, PlayStep

Slug = Sequence.Slug
SMS, MARKETING = Step.Channel.SMS, Message.Kind.MARKETING

_ALWAYS = ("not_active", "no_credits", "booked", "visited", "replied", "opted_out", "escalated", "disputed")


def _nudge(wording: str, wording_es: str, *choices: str, hour: int | None = None) -> tuple[PlayStep, ...]:
    return (
        PlayStep(
            day=0, channel=SMS, kind=MARKETING, wording=wording, wording_es=wording_es, choices=choices, hour=hour
        ),
    )


NUDGES: dict[str, Playbook] = {
    Slug.UTILIZATION: Playbook(
        _nudge(
            "Hi {first_name}, it's {practice}. You have {credits} ready to use. Want us to hold a time for you "
            "this week or next? Just reply. Reply STOP to opt out.",
            "Hola {first_name}, somos {practice}. Tiene {credits} por usar. ¿Le apartamos una hora esta "
            "semana o la siguiente? Solo responda. Responda STOP para no recibir textos.",
            "this_week",
            "next_week",
        ),
        stops=_ALWAYS,
    ),
    Slug.UTILIZATION_60: Playbook(
        _nudge(
            "Hi {first_name}, it's {practice}. It's been two months, and {credits} should not go to waste. {times} "
            "Reply STOP to opt out.",
            "Hola {first_name}, somos {practice}. Hace dos meses que no le vemos y {credits} le esperan. {times} "
            "Responda STOP para no recibir textos.",
            TIMES,
        ),
        stops=_ALWAYS,
    ),
    Slug.COME_BACK: Playbook(
        _nudge(
            "Hi {first_name}, we've missed you at {practice}! You still have {credits} with us, and we'd love to see "
            "you. {times} Reply STOP to opt out.",
            "Hola {first_name}, ¡le extrañamos en {practice}! Todavía tiene {credits} y nos encantaría verle. {times} "
            "Responda STOP para no recibir textos.",
            TIMES,
        ),
        stops=_ALWAYS,
    ),
    Slug.RHYTHM: Playbook(
        _nudge(
            "Hi {first_name}, it's {practice}. You usually come in about every {interval}, so we thought of you. "
            "{times} Reply STOP to opt out.",
            "Hola {first_name}, somos {practice}. Suele venir cada {interval}, y pensamos en usted. {times} Responda "
            "STOP para no recibir textos.",
            TIMES,
        ),
        stops=_ALWAYS,
    ),
    Slug.MISSED_VISIT: Playbook(
        _nudge(
            "Hi {first_name}, it's {practice}. Sorry your visit didn't work out - life happens. {times} "
            "Reply STOP to opt out.",
            "Hola {first_name}, somos {practice}. Esta vez no pudo ser; no pasa nada. {times} Responda STOP para no "
            "recibir textos.",
            TIMES,
        ),
        stops=("not_active", "booked", "replied", "opted_out", "escalated", "disputed"),
        holdout_percent=0,  # the patient and the room both wait for the answer
    ),
}
