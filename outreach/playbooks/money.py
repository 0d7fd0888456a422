"""Payments: a failed one is followed for seven days, an expiring card is told of before it fails."""

from members.models import Escalation
from outreach.models import Message, Sequence, Step
from outreach.playbooks.base import Playbook, PlayStep

SMS, VOICE, STAFF = Step.Channel.SMS, Step.Channel.VOICE, Step.Channel.STAFF
SERVICING = Message.Kind.SERVICING

_RECOVERY = (
    PlayStep(
        day=0,
        channel=SMS,
        kind=SERVICING,
        wording="Hi {first_name}, it's {practice}. This month's membership payment didn't go through - it happens. "
        "You can update your card here in a minute: {link} Questions? Just reply. Reply STOP to opt out.",
        wording_es="Hola {first_name}, somos {practice}. El pago de su membresía de este mes no se pudo procesar; "
        "suele pasar. Actualice su tarjeta en un minuto: {link} Responda STOP para no recibir textos.",
    ),
    PlayStep(
        day=2,
        channel=SMS,
        kind=SERVICING,
        wording="Hi {first_name}, your {practice} membership payment of {amount} is still open; your benefits stay on "
        "until {grace_until}. Reply 1 to update your card, 2 to ask about a pause. Or tap here: {link}",
        wording_es="Hola {first_name}, su pago de {amount} en {practice} sigue pendiente; conserva sus beneficios "
        "hasta el {grace_until}. Responda 1 para actualizar la tarjeta, 2 para una pausa. O toque: {link}",
        choices=("update_card", "pause"),
    ),
    PlayStep(
        day=5,
        channel=VOICE,
        kind=Escalation.Reason.PAYMENT_CALL,
        wording="Call {full_name} about the membership payment of {amount} that failed on {failed_on}. "
        "{texts_sent}. Offer to text the card link again or to take the question to a manager.",
    ),
    PlayStep(
        day=7,
        channel=STAFF,
        kind=Escalation.Reason.PAYMENT,
        wording="{full_name}'s membership payment of {amount} that failed on {failed_on} is still open.{again} "
        "{plan}, {card}. {texts_sent}. {credits} unused. Decide with the member: new card, pause or cancellation.",
    ),
)
_EXPIRING = (
    PlayStep(
        day=0,
        channel=SMS,
        kind=SERVICING,
        wording="Hi {first_name}, it's {practice}. The card for your membership expires soon. You can add the new one "
        "here, so that nothing is interrupted: {link} Reply STOP to opt out.",
        wording_es="Hola {first_name}, somos {practice}. La tarjeta de su membresía vence pronto. Agregue la nueva "
        "aquí y todo sigue igual: {link} Responda STOP para no recibir textos.",
    ),
)

MONEY: dict[str, Playbook] = {
    Sequence.Slug.PAYMENT_RECOVERY: Playbook(
        _RECOVERY, stops=("paused", "paid", "ended", "disputed", "escalated"), holdout_percent=0
    ),
    Sequence.Slug.EXPIRING_CARD: Playbook(
        _EXPIRING, stops=("card_changed", "ended", "paused", "disputed"), holdout_percent=0
    ),
}
