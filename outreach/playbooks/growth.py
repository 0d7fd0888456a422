"""More of it, or again: upgrades and win-back. Nothing is charged by a reply; a quote with its terms comes first."""

from outreach.models import Message, Sequence, Step
from outreach.offers import TIMES
from outreach.playbooks.base import Playbook, PlayStep

Slug = Sequence.Slug
SMS, MARKETING = Step.Channel.SMS, Message.Kind.MARKETING
_PEOPLE = ("replied", "opted_out", "escalated", "disputed")


def _text(day: int, wording: str, wording_es: str, *choices: str) -> PlayStep:
    return PlayStep(day=day, channel=SMS, kind=MARKETING, wording=wording, wording_es=wording_es, choices=choices)


GROWTH: dict[str, Playbook] = {
    Slug.UPGRADE: Playbook(
        (
            _text(
                0,
                "Hi {first_name}, it's {practice}. You make good use of your membership. The next one up adds "
                "{benefit} for {difference} more a month. Reply UPGRADE for details. Reply STOP to opt out.",
                "Hola {first_name}, somos {practice}. Aprovecha bien su membresía. La siguiente suma {benefit} por "
                "{difference} más al mes. Responda UPGRADE para saber más. "
                "Responda STOP para no recibir textos.",
                "upgrade",
            ),
        ),
        stops=("not_active", "plan_changed", *_PEOPLE),
    ),
    Slug.WIN_BACK: Playbook(
        (
            _text(
                0,
                "Hi {first_name}, it's {practice}. Your member prices and {monthly_credits} a month ended with your "
                "membership, and we'd love to have you back. {times} Reply STOP to opt out.",
                "Hola {first_name}, somos {practice}. Con su membresía terminaron sus precios de miembro y "
                "{monthly_credits} al mes. Nos encantaría verle. {times} Responda STOP para no recibir textos.",
                TIMES,
            ),
            _text(
                3,
                "Hi {first_name}, member pricing on your usual visit at {practice} can be yours again. {offer}Reply "
                "RESTART to see the terms; nothing is charged until you say so. Reply STOP to opt out.",
                "Hola {first_name}, el precio de miembro de su visita habitual en {practice} puede volver. {offer}"
                "Responda RESTART para ver las condiciones, sin cargo alguno. Responda STOP para no recibir textos.",
                "restart",
            ),
            _text(
                9,
                "Hi {first_name}, not the right moment for {practice}? Reply REMIND and we'll check in once more in "
                "60 days. Otherwise we leave it here. Reply STOP to opt out.",
                "Hola {first_name}, ¿no es buen momento para {practice}? Responda RECORDAR y le escribimos otra vez en "
                "60 días. Si no, lo dejamos aquí. Responda STOP para no recibir textos.",
                "remind",
            ),
        ),
        stops=("restarted", "booked", *_PEOPLE),
    ),
    Slug.REMIND_LATER: Playbook(
        (
            _text(
                0,
                "Hi {first_name}, you asked {practice} to check back with you about now. Would you like your "
                "membership again? Reply RESTART to see the terms. Reply STOP to opt out.",
                "Hola {first_name}, nos pidió en {practice} que le escribiéramos por estas fechas. ¿Quiere retomar su "
                "membresía? Responda RESTART para ver las condiciones. Responda STOP para no recibir textos.",
                "restart",
            ),
        ),
        stops=("restarted", *_PEOPLE),
        holdout_percent=0,  # asked for
    ),
    Slug.PAUSE_FORGOTTEN: Playbook(
        (
            _text(
                0,
                "Hi {first_name}, it's {practice}. Your membership is still paused. Ready to pick it up again? Reply "
                "RESUME to see the terms; nothing is charged until you say so. Reply STOP to opt out.",
                "Hola {first_name}, somos {practice}. Su membresía sigue en pausa. ¿La retoma? Responda REANUDAR para "
                "ver las condiciones, sin cargo alguno. Responda STOP para no recibir textos.",
                "resume",
            ),
        ),
        stops=("not_paused", *_PEOPLE),
    ),
}
