"""The default sequences as data, in our own words, and the few texts that are no step of a sequence.

A text never says stolen, lost, fraud or a decline code (R140), never names a treatment (R107), and fits two segments
(R74). Spanish is written so that it needs no letter outside GSM-7 where that reads well. The first text of a sequence
and every marketing text say how to stop (R53). Placeholders: `outreach/sequences.py` fills them.
"""

from dataclasses import dataclass

from django.db import transaction

from members.models import Escalation
from outreach.models import Message, Sequence, Step

Slug = Sequence.Slug


@dataclass(frozen=True)
class _Step:
    """`kind` is the message class; of a staff step, the reason of the case that it opens."""

    day: int
    channel: str
    kind: str
    wording: str
    wording_es: str = ""


_SEQUENCES: dict[str, tuple[_Step, ...]] = {
    Slug.PAYMENT_RECOVERY: (
        _Step(
            day=0,
            channel=Step.Channel.SMS,
            kind=Message.Kind.SERVICING,
            wording="Hi {first_name}, it's {practice}. This month's membership payment didn't go through - it happens. "
            "You can update your card here in a minute: {link} Questions? Just reply. Reply STOP to opt out.",
            wording_es="Hola {first_name}, somos {practice}. El pago de su membresía de este mes no se pudo procesar; "
            "suele pasar. Actualice su tarjeta en un minuto: {link} Responda STOP para no recibir textos.",
        ),
        _Step(
            day=2,
            channel=Step.Channel.SMS,
            kind=Message.Kind.SERVICING,
            wording="Hi {first_name}, a quick reminder from {practice}: your membership payment of {amount} is still "
            "open. Your secure link to update the card: {link} Need a hand? Reply or call {practice_phone}.",
            wording_es="Hola {first_name}, le recordamos de {practice}: su pago de {amount} sigue pendiente. Enlace "
            "seguro para actualizar la tarjeta: {link} Si necesita ayuda, responda o llame al {practice_phone}.",
        ),
        _Step(
            day=5,
            channel=Step.Channel.STAFF,
            kind=Escalation.Reason.PAYMENT_CALL,
            wording="Call {full_name} about the membership payment of {amount} that failed on {failed_on}. "
            "{texts_sent}. Offer to text the card link again or to take the question to a manager.",
        ),
        _Step(
            day=7,
            channel=Step.Channel.STAFF,
            kind=Escalation.Reason.PAYMENT,
            wording="{full_name}'s membership payment of {amount} that failed on {failed_on} is still open.{again} "
            "{plan}, {card}. {texts_sent}. {credits} unused. Decide with the member: new card, pause or cancellation.",
        ),
    ),
    Slug.UTILIZATION: (
        _Step(
            day=0,
            channel=Step.Channel.SMS,
            kind=Message.Kind.MARKETING,
            wording="Hi {first_name}, it's {practice}. You have {credits} ready to use. Want us to hold a time for you "
            "this week or next? Just reply. Reply STOP to opt out.",
            wording_es="Hola {first_name}, somos {practice}. Tiene {credits} por usar. ¿Le apartamos una hora esta "
            "semana o la siguiente? Solo responda. Responda STOP para no recibir textos.",
        ),
    ),
}

# Instead of the first text when the same card may well work at Stripe's next attempt (R139, settled.md 14).
GENTLE_NOTICE = {
    "en": "Hi {first_name}, it's {practice}. This month's membership payment hasn't gone through yet. We'll try again "
    "soon, so there's nothing you need to do. Prefer another card? {link} Reply STOP to opt out.",
    "es": "Hola {first_name}, somos {practice}. El pago de su membresía de este mes aún no se procesó. Lo intentaremos "
    "de nuevo; no tiene que hacer nada. ¿Prefiere otra tarjeta? {link} Responda STOP para no recibir textos.",
}

# When the bank asks the patient to confirm the charge: the card is good, so no other one is asked for (R136, R138).
CONFIRM_PAYMENT = {
    "en": "Hi {first_name}, it's {practice}. Your bank would like you to confirm this month's membership payment of "
    "{amount}. It takes a minute: {link} Questions? Just reply. Reply STOP to opt out.",
    "es": "Hola {first_name}, somos {practice}. Su banco pide que confirme el pago de {amount} de su membresía de este "
    "mes. Toma un minuto: {link} Responda STOP para no recibir textos.",
}

THANKS = {
    "en": "Thank you, {first_name}! Your payment went through and your {practice} membership is all set.",
    "es": "¡Gracias, {first_name}! Su pago fue recibido y su membresía de {practice} sigue activa.",
}

# One wording for every opt-out word: CANCEL may have meant the membership (R36). No persuasion (R34).
OPTED_OUT = {
    "en": "{practice}: texts to this number are now off. This does not cancel a membership; for that please call "
    "{practice_phone}. Reply START to turn texts back on.",
    "es": "{practice}: ya no enviaremos textos a este número. Esto no cancela una membresía; para eso llame al "
    "{practice_phone}. Responda START para volver a recibirlos.",
}

# R51.
HELP = {
    "en": "{practice}: for help call {practice_phone} or write to {practice_email}. Msg & data rates may apply. "
    "Reply STOP to opt out.",
    "es": "{practice}: para ayuda llame al {practice_phone} o escriba a {practice_email}. Pueden aplicarse tarifas. "
    "Responda STOP para no recibir textos.",
}


def install() -> None:
    """Create the sequences and steps that are missing. What a practice has changed stays as it is."""
    with transaction.atomic():
        for slug, steps in _SEQUENCES.items():
            sequence, made = Sequence.objects.get_or_create(slug=slug, defaults={"name": Slug(slug).label})
            if not made:
                continue
            Step.objects.bulk_create(
                Step(
                    sequence=sequence,
                    position=position,
                    day=step.day,
                    channel=step.channel,
                    kind=step.kind,
                    wording=step.wording,
                    wording_es=step.wording_es,
                )
                for position, step in enumerate(steps)
            )
