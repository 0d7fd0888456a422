"""What each resource has whether used or not: a new body starts from these. Only builders read the table."""

from copy import copy
from typing import Any


def nulls(names: str) -> dict[str, Any]:
    return dict.fromkeys(names.split())


def _each(names: str, value: Any) -> dict[str, Any]:
    return {name: copy(value) for name in names.split()}


BLANKS: dict[str, dict[str, Any]] = {
    "customer": {
        **nulls("address currency default_source description discount email name phone shipping test_clock"),
        "balance": 0,
        "delinquent": False,
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
    },
    "payment_method": {
        "allow_redisplay": "unspecified",
        "billing_details": {
            "address": nulls("city country line1 line2 postal_code state"),
            **nulls("email name phone tax_id"),
        },
        "type": "card",
    },
    "product": {
        **nulls("default_price description package_dimensions shippable statement_descriptor tax_code unit_label url"),
        "active": True,
        "images": [],
        "marketing_features": [],
    },
    "price": {
        **nulls("custom_unit_amount lookup_key nickname tiers_mode transform_quantity"),
        "active": True,
        "billing_scheme": "per_unit",
        "tax_behavior": "unspecified",
        "type": "recurring",
    },
    "subscription": {
        **nulls(
            "application application_fee_percent billing_cycle_anchor_config billing_thresholds cancel_at canceled_at "
            "customer_account days_until_due default_source description ended_at next_pending_invoice_item_invoice "
            "on_behalf_of pause_collection pending_invoice_item_interval pending_setup_intent pending_update schedule "
            "test_clock transfer_data trial_end trial_start"
        ),
        **_each("billing_schedules default_tax_rates discounts", []),
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "cancel_at_period_end": False,
        "cancellation_details": nulls("comment feedback reason"),
        "collection_method": "charge_automatically",
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "payment_settings": {
            **nulls("payment_method_options payment_method_types"),
            "save_default_payment_method": "off",
        },
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    },
    "subscription_schedule": {
        **nulls("application canceled_at completed_at customer_account released_at released_subscription test_clock"),
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "default_settings": {
            **nulls(
                "application_fee_percent billing_thresholds collection_method default_payment_method description "
                "on_behalf_of transfer_data"
            ),
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": "automatic",
            "invoice_settings": {"account_tax_ids": None, "days_until_due": None, "issuer": {"type": "self"}},
        },
        "end_behavior": "release",
        "status": "active",
    },
    "invoice": {
        **nulls(
            "account_tax_ids application automatically_finalizes_at custom_fields customer_account customer_address "
            "customer_email customer_name customer_phone customer_shipping default_payment_method default_source "
            "description due_date footer from_invoice hosted_invoice_url invoice_pdf last_finalization_error "
            "latest_revision on_behalf_of receipt_number rendering shipping_cost shipping_details statement_descriptor "
            "test_clock webhooks_delivered_at"
        ),
        **_each("amount_overpaid amount_paid_off_stripe amount_shipping starting_balance ending_balance", 0),
        **_each("post_payment_credit_notes_amount pre_payment_credit_notes_amount", 0),
        **_each("customer_tax_ids default_tax_rates discounts total_discount_amounts", []),
        **_each("total_pretax_credit_amounts total_taxes", []),
        "account_country": "US",
        "account_name": "Stripe stand-in",
        "automatic_tax": {**nulls("disabled_reason liability provider status"), "enabled": False},
        "collection_method": "charge_automatically",
        "customer_tax_exempt": "none",
        "issuer": {"type": "self"},
        "payment_settings": nulls("default_mandate payment_method_options payment_method_types"),
    },
    "invoiceitem": {
        **nulls("customer_account parent pricing test_clock"),
        **_each("discounts tax_rates", []),
        "discountable": True,
        "proration": False,
        "quantity": 1,
        "quantity_decimal": "1",
    },
    "payment_intent": {
        **nulls(
            "application application_fee_amount automatic_payment_methods canceled_at cancellation_reason "
            "customer_account excluded_payment_method_types latest_charge next_action on_behalf_of "
            "payment_method_configuration_details processing receipt_email review shipping statement_descriptor "
            "statement_descriptor_suffix transfer_data transfer_group"
        ),
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "description": "Subscription update",
        "payment_method_options": {
            "card": {
                **nulls("installments mandate_options network"),
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "setup_future_usage": "off_session",
    },
    "charge": {
        **nulls(
            "application application_fee application_fee_amount balance_transaction calculated_statement_descriptor "
            "description failure_balance_transaction failure_code failure_message on_behalf_of outcome "
            "payment_method_details receipt_email receipt_number receipt_url review shipping source_transfer "
            "statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
        ),
        "amount_refunded": 0,
        "billing_details": {
            "address": nulls("city country line1 line2 postal_code state"),
            **nulls("email name phone tax_id"),
        },
        "captured": True,
        "disputed": False,
        "fraud_details": {},
        "paid": True,
        "refunded": False,
        "status": "succeeded",
    },
    "dispute": {
        **_each("balance_transactions enhanced_eligibility_types", []),
        "is_charge_refundable": False,
    },
    "checkout.session": {
        **nulls(
            "adaptive_pricing after_expiration allow_promotion_codes amount_subtotal amount_total "
            "billing_address_collection client_reference_id client_secret collected_information consent "
            "consent_collection currency_conversion customer_account customer_creation customer_details "
            "customer_email discounts invoice invoice_creation locale origin_context payment_intent "
            "payment_link payment_method_configuration_details permissions recovered_from "
            "saved_payment_method_options shipping_address_collection shipping_cost submit_type subscription "
            "total_details wallet_options"
        ),
        "automatic_tax": {**nulls("liability provider status"), "enabled": False},
        "custom_fields": [],
        "custom_text": nulls("after_submit shipping_address submit terms_of_service_acceptance"),
        "mode": "setup",
        "payment_method_collection": "always",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "no_payment_required",
        "shipping_options": [],
        "status": "open",
        "ui_mode": "hosted_page",
    },
    "setup_intent": {
        **nulls(
            "application automatic_payment_methods cancellation_reason customer_account description "
            "excluded_payment_method_types flow_directions last_setup_error latest_attempt mandate next_action "
            "on_behalf_of payment_method payment_method_configuration_details single_use_mandate"
        ),
        "payment_method_options": {"card": {**nulls("mandate_options network"), "request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "usage": "off_session",
    },
}
