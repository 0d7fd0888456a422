"""Why a card was declined, in words for staff. A patient is never told the code or the reason (R140)."""

from enum import StrEnum

from django.utils.translation import gettext_noop as _

_WORDS = {
    "insufficient_funds": _("Not enough money on the card"),
    "expired_card": _("The card has expired"),
    "incorrect_cvc": _("The security code is wrong"),
    "incorrect_number": _("The card number is wrong"),
    "lost_card": _("The card was reported lost"),
    "stolen_card": _("The card was reported stolen"),
    "pickup_card": _("The bank withdrew the card"),
    "card_not_supported": _("The card cannot be used for this charge"),
    "card_velocity_exceeded": _("The card is over its limit"),
    "withdrawal_count_limit_exceeded": _("The card is over its limit"),
    "currency_not_supported": _("The card cannot be charged in this currency"),
    "do_not_honor": _("The bank declined without a reason"),
    "generic_decline": _("The bank declined without a reason"),
    "fraudulent": _("The bank suspects fraud"),
    "processing_error": _("The bank could not process it; it may work later"),
    "issuer_not_available": _("The bank could not be reached; it may work later"),
    "try_again_later": _("The bank asked to try later"),
    "authentication_required": _("The bank wants the patient to confirm the charge"),
    "invalid_account": _("The account behind the card is closed"),
    "no_account": _("The account behind the card is closed"),
    "restricted_card": _("The card is restricted by the bank"),
    "revocation_of_all_authorizations": _("The patient told the bank to stop these charges"),
    "revocation_of_authorization": _("The patient told the bank to stop this charge"),
    "stop_payment_order": _("The patient told the bank to stop this charge"),
    "transaction_not_allowed": _("The bank does not allow this charge"),
}


def words(code: str) -> str:
    """'insufficient_funds' -> 'Not enough money on the card'; '' for ''; an unknown code as a readable phrase."""
    if not code:
        return ""
    return _WORDS.get(code, code.replace("_", " ").capitalize())


class Kind(StrEnum):
    """What a decline asks for."""

    SOFT = "soft"  # Stripe's next attempt with the same card may well succeed (R139)
    EXPIRED = "expired"  # another card
    CONFIRM = "confirm"  # the patient's word to the bank, with the same card (R138)
    HARD = "hard"  # another card; Stripe does not try this one again (R138)


# R139: most of these clear by themselves, so Stripe tries again and nobody is asked for another card at first.
_SOFT = frozenset(
    {
        "insufficient_funds",
        "do_not_honor",
        "generic_decline",
        "try_again_later",
        "processing_error",
        "issuer_not_available",
        "card_velocity_exceeded",
        "withdrawal_count_limit_exceeded",
        "reenter_transaction",
        "approve_with_id",
    }
)


def kind_of(code: str) -> Kind:
    """Of a decline code. An unknown one counts as hard: waiting for a card that never works again loses the member."""
    if code in _SOFT:
        return Kind.SOFT
    if code == "expired_card":
        return Kind.EXPIRED
    return Kind.CONFIRM if code == "authentication_required" else Kind.HARD
