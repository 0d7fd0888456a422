"""Stripe's documented test cards (docs.stripe.com/testing), picked by name: nobody types a card number here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class TestCard:
    """`code` and `decline_code` are what a charge is refused with; Stripe's table leaves some decline codes out."""

    __test__ = False  # its name makes pytest look

    name: str
    number: str
    token: str  # the PaymentMethod id that stands for it in the API
    does: str
    brand: str = "visa"
    code: str = ""
    decline_code: str = ""
    message: str = ""
    saves: bool = True  # may be saved to a customer; most failing cards are refused already then
    asks_the_patient: bool = False  # the bank wants the cardholder to confirm each charge (3-D Secure)

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def spaced(self) -> str:
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))

    @property
    def pays(self) -> bool:
        return not self.code


def _refused(
    name: str, number: str, token: str, does: str, message: str, *, code: str = "card_declined", decline_code: str = ""
) -> TestCard:
    return TestCard(name, number, token, does, code=code, decline_code=decline_code, message=message, saves=False)


_DECLINED = "Your card was declined."

CARDS = {
    card.name: card
    for card in (
        TestCard("visa", "4242424242424242", "pm_card_visa", "Pays"),
        TestCard("mastercard", "5555555555554444", "pm_card_mastercard", "Pays", brand="mastercard"),
        TestCard(
            "fails_when_charged",
            "4000000000000341",
            "pm_card_chargeCustomerFail",
            "Can be saved, then fails when charged",
            code="card_declined",
            decline_code="generic_decline",
            message=_DECLINED,
        ),
        TestCard(
            "authentication_required",
            "4000002760003184",
            "pm_card_authenticationRequired",
            "The bank asks the patient to confirm each charge",
            code="authentication_required",
            decline_code="authentication_required",
            message="Your card was declined. This transaction requires authentication.",
            asks_the_patient=True,
        ),
        _refused(
            "generic_decline",
            "4000000000000002",
            "pm_card_visa_chargeDeclined",
            "Declined",
            _DECLINED,
            decline_code="generic_decline",
        ),
        _refused(
            "insufficient_funds",
            "4000000000009995",
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "Declined: not enough money",
            "Your card has insufficient funds.",
            decline_code="insufficient_funds",
        ),
        _refused(
            "lost_card",
            "4000000000009987",
            "pm_card_visa_chargeDeclinedLostCard",
            "Declined: reported lost",
            _DECLINED,
            decline_code="lost_card",
        ),
        _refused(
            "stolen_card",
            "4000000000009979",
            "pm_card_visa_chargeDeclinedStolenCard",
            "Declined: reported stolen",
            _DECLINED,
            decline_code="stolen_card",
        ),
        _refused(
            "expired_card",
            "4000000000000069",
            "pm_card_chargeDeclinedExpiredCard",
            "Declined: expired",
            "Your card has expired.",
            code="expired_card",
        ),
        _refused(
            "incorrect_cvc",
            "4000000000000127",
            "pm_card_chargeDeclinedIncorrectCvc",
            "Declined: wrong security code",
            "Your card's security code is incorrect.",
            code="incorrect_cvc",
        ),
        _refused(
            "processing_error",
            "4000000000000119",
            "pm_card_chargeDeclinedProcessingError",
            "Declined: the bank had a fault",
            "An error occurred while processing your card. Try again in a little bit.",
            code="processing_error",
        ),
    )
}
BY_TOKEN = {card.token: card for card in CARDS.values()}


def behind(payment_method: dict[str, Any]) -> TestCard:
    """The test card behind a saved payment method: its fingerprint, which tells cards apart, is the card's name."""
    return CARDS[payment_method["card"]["fingerprint"]]


def on(when: datetime, payment_method: dict[str, Any]) -> TestCard:
    """The same at a moment: whatever a card does, it does it until the end of the month that is printed on it."""
    printed = payment_method["card"]
    test = behind(payment_method)
    return (
        CARDS["expired_card"]
        if test.pays and (printed["exp_year"], printed["exp_month"]) < (when.year, when.month)
        else test
    )
