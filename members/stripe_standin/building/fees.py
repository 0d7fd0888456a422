"""An invoice that is made by hand: a draft, the lines that are put on it, and its number when it becomes final."""

from datetime import datetime

from django.conf import settings

from members.stripe_standin.building.bodies import Body, base, seconds
from members.stripe_standin.building.invoices import invoice


def draft_invoice(ident: str, *, subscription: Body, created: datetime) -> Body:
    """Of a subscription (a whole body), without a line yet."""
    body = invoice(
        ident,
        subscription=subscription,
        number="",
        created=created,
        period_start=created,
        period_end=created,
        status="draft",
        billing_reason="manual",
    )
    body |= {"number": None, "hosted_invoice_url": None, "effective_at": None}
    body["status_transitions"]["finalized_at"] = None
    body["lines"]["data"] = []
    return _with_amounts(body)


def invoice_item(ident: str, *, invoice: Body, amount: int, currency: str, description: str, created: datetime) -> Body:
    """An amount of cents on a draft."""
    body = base(ident, "invoiceitem", created, None)
    moment = body.pop("created")
    return {
        **body,
        "amount": amount,
        "currency": currency,
        "customer": invoice["customer"],
        "date": moment,
        "description": description,
        "invoice": invoice["id"],
        "net_amount": amount,
        "period": {"start": moment, "end": moment},
    }


def item_line(ident: str, *, item: Body) -> Body:
    """The line that an item becomes."""
    return {
        "id": ident,
        "object": "line_item",
        "amount": item["amount"],
        "currency": item["currency"],
        "description": item["description"],
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": item["invoice"],
        "livemode": False,
        "metadata": {},
        "parent": {
            "invoice_item_details": {
                "invoice_item": item["id"],
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "period": item["period"],
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": 1,
        "subtotal": item["amount"],
        "taxes": [],
    }


def with_line(invoice: Body, line: Body) -> Body:
    """The draft with one more line, its amounts added up."""
    invoice["lines"]["data"].append(line)
    return _with_amounts(invoice)


def open_up(invoice: Body, *, number: str, now: datetime) -> None:
    """A draft made final."""
    invoice |= {
        "status": "open",
        "number": number,
        "effective_at": seconds(now),
        "hosted_invoice_url": f"{settings.PUBLIC_BASE_URL}/standin/invoice/{invoice['id']}/",
    }
    invoice["status_transitions"]["finalized_at"] = seconds(now)


def _with_amounts(invoice: Body) -> Body:
    total = sum(line["amount"] for line in invoice["lines"]["data"])
    names = ("amount_due", "amount_remaining", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax")
    invoice |= dict.fromkeys(names, total)
    return invoice
