"""What the stand-in can do: a row for each operation, with the parameters it takes. Grow it here."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from members.stripe_standin import (
    catalogue,
    changes,
    customers,
    disputes,
    fees,
    history,
    invoices,
    schedules,
    sessions,
    subscriptions,
)
from members.stripe_standin.calls import Answer, Call

_PAGE = "limit starting_after"


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    handler: Callable[[Call], Answer]
    takes: str = ""  # beside `expand`

    def match(self, method: str, path: str) -> str | None:
        """The id in the path ("" if it has none), or None when this is another operation."""
        if method != self.method:
            return None
        found = re.fullmatch(self.path.replace("{id}", "([^/]+)"), path)
        return "".join(found.groups()) if found else None

    @property
    def parameters(self) -> frozenset[str]:
        return frozenset(self.takes.split()) | {"expand"}


ROUTES = (
    Route("POST", "/v1/customers", customers.create, "name email phone description metadata"),
    Route("GET", "/v1/customers", customers.list_all, _PAGE),
    Route("GET", "/v1/customers/{id}", customers.retrieve),
    Route("POST", "/v1/customers/{id}", customers.update, "name email phone description metadata invoice_settings"),
    Route("GET", "/v1/customers/{id}/payment_methods", customers.list_cards, _PAGE),
    Route("GET", "/v1/payment_methods", customers.list_cards, f"customer {_PAGE}"),
    Route("GET", "/v1/payment_methods/{id}", customers.retrieve_card),
    Route("POST", "/v1/payment_methods/{id}/attach", customers.attach, "customer"),
    Route("POST", "/v1/payment_methods/{id}/detach", customers.detach),
    Route("POST", "/v1/products", catalogue.create_product, "name metadata"),
    Route("GET", "/v1/products", catalogue.list_products, _PAGE),
    Route("GET", "/v1/products/{id}", catalogue.retrieve_product),
    Route(
        "POST",
        "/v1/prices",
        catalogue.create_price,
        "product product_data unit_amount currency recurring metadata lookup_key",
    ),
    Route("GET", "/v1/prices", catalogue.list_prices, f"product active currency type lookup_keys {_PAGE}"),
    Route("GET", "/v1/prices/{id}", catalogue.retrieve_price),
    Route(
        "POST",
        "/v1/subscriptions",
        subscriptions.create,
        "customer items default_payment_method payment_behavior metadata",
    ),
    Route("GET", "/v1/subscriptions", subscriptions.list_all, f"customer status {_PAGE}"),
    Route("GET", "/v1/subscriptions/{id}", subscriptions.retrieve),
    Route(
        "POST",
        "/v1/subscriptions/{id}",
        subscriptions.update,
        "default_payment_method cancel_at_period_end cancel_at pause_collection metadata "
        "items proration_behavior proration_date payment_behavior",
    ),
    Route("DELETE", "/v1/subscriptions/{id}", subscriptions.cancel),
    Route("POST", "/v1/subscription_schedules", schedules.create, "from_subscription"),
    Route("GET", "/v1/subscription_schedules/{id}", schedules.retrieve),
    Route("POST", "/v1/subscription_schedules/{id}", schedules.update, "phases end_behavior"),
    Route("POST", "/v1/subscription_schedules/{id}/release", schedules.release),
    Route("POST", "/v1/invoices/create_preview", changes.preview, "customer subscription subscription_details"),
    Route(
        "POST",
        "/v1/invoices",
        fees.create_invoice,
        "customer subscription auto_advance pending_invoice_items_behavior",
    ),
    Route("POST", "/v1/invoices/{id}/finalize", fees.finalize, "auto_advance"),
    Route("POST", "/v1/invoiceitems", fees.add_item, "customer invoice amount currency description"),
    Route("GET", "/v1/invoices", invoices.list_all, f"subscription customer status {_PAGE}"),
    Route("GET", "/v1/invoices/{id}", invoices.retrieve),
    Route("POST", "/v1/invoices/{id}/pay", invoices.pay, "payment_method"),
    Route("POST", "/v1/invoices/{id}/void", invoices.void),
    Route("POST", "/v1/invoices/{id}/mark_uncollectible", invoices.mark_uncollectible),
    Route("GET", "/v1/invoice_payments", invoices.list_payments, f"invoice payment {_PAGE}"),
    Route("GET", "/v1/invoice_payments/{id}", invoices.retrieve_payment),
    Route("GET", "/v1/payment_intents/{id}", invoices.retrieve_intent),
    Route(
        "POST",
        "/v1/checkout/sessions",
        sessions.create,
        "mode currency customer success_url cancel_url metadata",
    ),
    Route("GET", "/v1/checkout/sessions/{id}", sessions.retrieve),
    Route("GET", "/v1/setup_intents/{id}", sessions.retrieve_intent),
    Route("GET", "/v1/charges/{id}", disputes.retrieve_charge),
    Route("GET", "/v1/disputes", disputes.list_all, _PAGE),
    Route("GET", "/v1/disputes/{id}", disputes.retrieve),
    Route("GET", "/v1/events", history.list_all, f"type types created {_PAGE}"),
    Route("GET", "/v1/events/{id}", history.retrieve),
)
