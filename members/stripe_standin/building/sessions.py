"""Hosted pages on which a customer leaves a card."""

from datetime import datetime, timedelta

from members.stripe_standin.building.bodies import Body, base, nulls, seconds

SESSION_LIFE = timedelta(hours=24)


def checkout_session(
    ident: str,
    *,
    customer: str,
    setup_intent: str,
    url: str,
    success_url: str,
    cancel_url: str | None,
    currency: str | None,
    created: datetime,
    metadata: Body | None = None,
) -> Body:
    """Of mode `setup`, open."""
    return {
        **base(ident, "checkout.session", created, metadata),
        **nulls(
            "adaptive_pricing after_expiration allow_promotion_codes amount_subtotal amount_total "
            "billing_address_collection client_reference_id client_secret collected_information consent "
            "consent_collection currency_conversion customer_account customer_creation customer_details "
            "customer_email discounts invoice invoice_creation locale origin_context payment_intent "
            "payment_link payment_method_configuration_details permissions recovered_from "
            "saved_payment_method_options shipping_address_collection shipping_cost submit_type subscription "
            "total_details wallet_options"
        ),
        "automatic_tax": nulls("liability provider status") | {"enabled": False},
        "cancel_url": cancel_url,
        "currency": currency,
        "custom_fields": [],
        "custom_text": nulls("after_submit shipping_address submit terms_of_service_acceptance"),
        "customer": customer,
        "expires_at": seconds(created + SESSION_LIFE),
        "mode": "setup",
        "payment_method_collection": "always",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "no_payment_required",
        "setup_intent": setup_intent,
        "shipping_options": [],
        "status": "open",
        "success_url": success_url,
        "ui_mode": "hosted_page",
        "url": url,
    }


def setup_intent(ident: str, *, customer: str, created: datetime) -> Body:
    """Waiting for a card."""
    return {
        **base(ident, "setup_intent", created, None),
        **nulls(
            "application cancellation_reason customer_account description excluded_payment_method_types "
            "flow_directions last_setup_error latest_attempt mandate next_action on_behalf_of payment_method "
            "payment_method_configuration_details single_use_mandate"
        ),
        "automatic_payment_methods": None,
        "client_secret": f"{ident}_secret_standin",
        "customer": customer,
        "payment_method_options": {
            "card": {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
        },
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "usage": "off_session",
    }
