"""The few texts that are no step of a sequence, in our own words. Placeholders as in a step."""

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

# Sent by a person, as after a call.
PAYMENT_LINK = {
    "en": "Hi {first_name}, here is the link for your {practice} membership payment of {amount}: {link} It takes a "
    "minute, and we never see your card's number.",
    "es": "Hola {first_name}, este es el enlace para el pago de {amount} de su membresía en {practice}: {link} Toma un "
    "minuto y nunca vemos el número de su tarjeta.",
}

# After the patient asked for it on the telephone; the reply that it names is bound to it.
PAUSE_ASKED = {
    "en": "Hi {first_name}, about a pause at {practice}: reply PAUSE and we text you what it would mean, with dates "
    "and what happens to the open payment. Nothing changes before you agree.",
    "es": "Hola {first_name}, sobre la pausa en {practice}: responda PAUSA y le diremos que significa, con fechas y "
    "el pago pendiente. Nada cambia antes de que usted acepte.",
}

# The end of the grace period: never silently (settled.md 14).
GRACE_PAUSED = {
    "en": "Hi {first_name}, it's {practice}. Your membership payment of {amount} is still open, so your membership is "
    "paused now. It can go on at any time: {link} Questions? Just reply.",
    "es": "Hola {first_name}, somos {practice}. Su pago de {amount} sigue pendiente y su membresía queda en pausa. "
    "Puede seguir cuando guste: {link} Si tiene dudas, responda.",
}
GRACE_ENDED = {
    "en": "Hi {first_name}, it's {practice}. Your membership payment of {amount} is still open, so your membership has "
    "ended. To settle it or to come back, just reply or call {practice_phone}.",
    "es": "Hola {first_name}, somos {practice}. Su pago de {amount} sigue pendiente y su membresía ha terminado. Para "
    "pagarlo o volver, responda o llame al {practice_phone}.",
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
# After HELP, for a member: the page where each channel and purpose can be stopped.
CHOICES = {"en": " Choose what you get: {link}", "es": " Elija qué recibir: {link}"}

# R16: after 18 months without contact. It offers nothing, so that it is no marketing itself.
STILL_WANTED = {
    "en": "Hi {first_name}, it's {practice}. We haven't texted for a long time. Reply YES if we may go on texting you, "
    "or STOP to opt out. Msg & data rates may apply.",
    "es": "Hola {first_name}, somos {practice}. Hace mucho que no le escribimos. Responda SI si podemos seguir, o "
    "STOP para no recibir textos. Pueden aplicarse tarifas.",
}
STILL_ON = {
    "en": "Thank you. {practice} will go on texting you. Reply STOP to opt out at any time.",
    "es": "Gracias. {practice} le seguirá escribiendo. Responda STOP para no recibir textos.",
}
