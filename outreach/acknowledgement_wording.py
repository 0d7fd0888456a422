"""The words of an acknowledgement: what is agreed on, what it costs, when it renews, how to cancel (R92)."""

from members.models import MembershipChange

Kind = MembershipChange.Kind

_CANCEL = "To cancel, text us that you want to end your membership, or call {practice_phone}."
_CANCEL_ES = "Para cancelar, escríbanos que quiere terminar su membresía o llame al {practice_phone}."

# A pause that skips no payment: each costs less.
REDUCED = {
    "en": "{practice}: your membership is paused from {starts}, {first_name}: {reduced} a month instead, benefits go "
    f"on. The full price comes back by itself on {{next}}: {{price}}. {_CANCEL}",
    "es": "{practice}: su membresía está en pausa desde el {starts}, {first_name}: {reduced} al mes y sus beneficios "
    f"siguen. El precio completo vuelve solo el {{next}}: {{price}}. {_CANCEL_ES}",
}

BODIES: dict[str, dict[str, str]] = {
    Kind.STARTED: {
        "en": "{practice}: welcome, {first_name}! Your {plan} membership has started: {due} paid today, then {price}, "
        f"renewing until you cancel. {{minimum}} {_CANCEL}",
        "es": "{practice}: ¡bienvenida/o, {first_name}! Su membresía {plan} comenzó: {due} hoy, luego {price}; se "
        f"renueva hasta que cancele. {{minimum}} {_CANCEL_ES}",
    },
    Kind.UPGRADED: {
        "en": "{practice}: you are on {plan} now, {first_name}. {due} paid today, then {price} from {next}, renewing "
        f"until you cancel. {{minimum}} {_CANCEL}",
        "es": "{practice}: ya tiene {plan}, {first_name}. {due} hoy, luego {price} desde el {next}; se renueva hasta "
        f"que cancele. {{minimum}} {_CANCEL_ES}",
    },
    Kind.DOWNGRADE_PLANNED: {
        "en": "{practice}: your plan changes to {plan} on {starts}, {first_name}: {price} from then on, renewing until "
        f"you cancel. {{minimum}} {_CANCEL}",
        "es": "{practice}: su plan cambia a {plan} el {starts}, {first_name}: {price} desde entonces; se renueva hasta "
        f"que cancele. {{minimum}} {_CANCEL_ES}",
    },
    Kind.PLAN_CHANGED: {
        "en": "{practice}: your plan is {plan} now, {first_name}: {price}. Questions? Call {practice_phone}.",
        "es": "{practice}: su plan es ahora {plan}, {first_name}: {price}. ¿Preguntas? Llame al {practice_phone}.",
    },
    Kind.PAUSED: {
        "en": "{practice}: your membership is paused from {starts}, {first_name}. It starts again by itself on {next} "
        f"with {{price}}. {_CANCEL}",
        "es": "{practice}: su membresía está en pausa desde el {starts}, {first_name}. Sigue sola el {next} con "
        f"{{price}}. {_CANCEL_ES}",
    },
    Kind.RESUMED: {
        "en": "{practice}: your {plan} membership is running again, {first_name}. Next payment: {price} on {next}, "
        f"renewing until you cancel. {_CANCEL}",
        "es": "{practice}: su membresía {plan} sigue activa, {first_name}. Próximo pago: {price} el {next}; se renueva "
        f"hasta que cancele. {_CANCEL_ES}",
    },
    Kind.CANCELLING: {
        "en": "{practice}: your membership ends on {starts}, {first_name}, as you asked. You can take this back until "
        "then: call {practice_phone} or just reply.",
        "es": "{practice}: su membresía termina el {starts}, {first_name}, como pidió. Puede cambiar de opinión hasta "
        "entonces: llame al {practice_phone} o responda.",
    },
    Kind.KEPT: {
        "en": "{practice}: your {plan} membership goes on, {first_name}. Next payment: {price} on {next}, renewing "
        f"until you cancel. {_CANCEL}",
        "es": "{practice}: su membresía {plan} continúa, {first_name}. Próximo pago: {price} el {next}; se renueva "
        f"hasta que cancele. {_CANCEL_ES}",
    },
    Kind.ENDED: {
        "en": "{practice}: your membership has ended, {first_name}. Thank you for having been with us. Questions? Call "
        "{practice_phone}.",
        "es": "{practice}: su membresía terminó, {first_name}. Gracias por haber estado con nosotros. ¿Preguntas? "
        "Llame al {practice_phone}.",
    },
    Kind.LAPSED: {
        "en": "{practice}: your membership has ended because its payment stayed open, {first_name}. To start again or "
        "ask about it, call {practice_phone}.",
        "es": "{practice}: su membresía terminó porque el pago quedó pendiente, {first_name}. Para volver o preguntar, "
        "llame al {practice_phone}.",
    },
    Kind.RESTARTED: {
        "en": "{practice}: welcome back, {first_name}! Your {plan} membership runs again: {due} paid today, then "
        f"{{price}}, renewing until you cancel. {{minimum}} {_CANCEL}",
        "es": "{practice}: ¡qué gusto verle, {first_name}! Su membresía {plan} sigue: {due} hoy, luego {price}; se "
        f"renueva hasta que cancele. {{minimum}} {_CANCEL_ES}",
    },
}
