"""Answers that are not 200, in Stripe's shape."""

from typing import Any

from members.stripe_standin.cards import TestCard

_DOCS = "https://docs.stripe.com/error-codes#"


class Problem(Exception):
    """Raised: nothing is written and the key may be used again. Returned: the attempt is kept (a declined charge)."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str = "",
        param: str = "",
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        error: dict[str, Any] = {"message": message, "type": kind, **more}
        if code:
            error |= {"code": code, "doc_url": _DOCS + code.replace("_", "-")}
        if param:
            error["param"] = param
        self.body = {"error": error}


def missing(kind: str, ident: str, *, param: str = "id", status: int = 404) -> Problem:
    noun = "PaymentMethod" if kind == "payment_method" else kind.replace(".", " ")
    return Problem(status, f"No such {noun}: '{ident}'", code="resource_missing", param=param)


def required(param: str) -> Problem:
    return Problem(400, f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown(param: str) -> Problem:
    return Problem(400, f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def invalid(message: str, *, param: str = "", code: str = "") -> Problem:
    return Problem(400, message, param=param, code=code)


def declined(card: TestCard, **objects: Any) -> Problem:
    more = {"decline_code": card.decline_code} if card.decline_code else {}
    return Problem(402, card.message, kind="card_error", code=card.code, **more, **objects)
