"""What the law or the patient asks us to say before money moves (R96-R99). No holdout; texts off: by e-mail (R103)."""

from outreach.models import Message, Sequence, Step
from outreach.playbooks.base import Playbook, PlayStep

Slug = Sequence.Slug
SMS, EMAIL, NOTICE = Step.Channel.SMS, Step.Channel.EMAIL, Message.Kind.NOTICE


def _notice(channel: str, wording: str, wording_es: str, *stops: str) -> Playbook:
    step = PlayStep(day=0, channel=channel, kind=NOTICE, wording=wording, wording_es=wording_es)
    return Playbook((step,), stops=stops, holdout_percent=0)


NOTICES: dict[str, Playbook] = {
    Slug.PAUSE_ENDING: _notice(
        SMS,
        "Hi {first_name}, the pause of your {practice} membership ends on {resume_on}; from then it is {price} again. "
        "To change or cancel, reply here or call {practice_phone}. Reply STOP to opt out.",
        "Hola {first_name}, la pausa de su membresía de {practice} termina el {resume_on}; desde entonces son {price}. "
        "Para cambiar o cancelar, llame al {practice_phone}. Responda STOP para no recibir textos.",
        "not_paused",
    ),
    Slug.RENEWAL: _notice(
        SMS,
        "Hi {first_name}, your {practice} membership renews on {renews_on} for {price}. Nothing to do. To change or "
        "cancel, reply here or call {practice_phone}. Reply STOP to opt out.",
        "Hola {first_name}, su membresía de {practice} se renueva el {renews_on} por {price}. Para cambiar o cancelar, "
        "responda o llame al {practice_phone}. Responda STOP para no recibir textos.",
        "not_active",
    ),
    Slug.YEARLY: _notice(
        EMAIL,
        "Hi {first_name}, your yearly reminder from {practice}: your membership is {price} and renews until you end "
        "it. To end it, reply here or call {practice_phone}. Reply STOP to opt out.",
        "Hola {first_name}, recordatorio anual de {practice}: su membresía cuesta {price} y se renueva hasta que la "
        "termine. Para eso, llame al {practice_phone}. Responda STOP para no recibir textos.",
        "ended",
    ),
    Slug.PRICE_CHANGE: _notice(
        EMAIL,
        "Hi {first_name}, from {changes_on} your {practice} membership is {new_price} instead of {price}. To end it "
        "before, reply here or call {practice_phone}. Reply STOP to opt out.",
        "Hola {first_name}, desde el {changes_on} su membresía de {practice} cuesta {new_price} en vez de {price}. "
        "Para terminarla antes, llame al {practice_phone}. Responda STOP para no recibir textos.",
        "ended",
        "price_withdrawn",
    ),
}
