"""A charge that something came of: a dispute or a refund. Charges nobody asks about are not kept."""

from datetime import datetime, timedelta

from members.stripe_standin.building.bodies import Body, base, seconds

_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
)
TIME_TO_ANSWER = timedelta(days=14)


def charge(ident: str, *, invoice: Body, payment_intent: Body, created: datetime) -> Body:
    """Of a paid invoice."""
    return {
        **base(ident, "charge", created, None),
        "amount": invoice["amount_paid"],
        "amount_captured": invoice["amount_paid"],
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "payment_intent": payment_intent["id"],
        "payment_method": payment_intent["payment_method"],
    }


def dispute(ident: str, *, charge: Body, reason: str, created: datetime) -> Body:
    """Just opened: an answer is awaited."""
    return {
        **base(ident, "dispute", created, None),
        "amount": charge["amount"],
        "charge": charge["id"],
        "currency": charge["currency"],
        "evidence": {**dict.fromkeys(_EVIDENCE.split()), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": seconds(created + TIME_TO_ANSWER),
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }
