"""Paths that vendors and patients were given: a public contract, so no floor may spell them otherwise."""

STRIPE_WEBHOOK = "/webhooks/stripe/"
TWILIO_SMS = "/webhooks/twilio/sms/"
TWILIO_STATUS = "/webhooks/twilio/status/{uuid}/"
PATIENT_LINK = "/m/{token}/"
UNSUBSCRIBE = "/e/{token}/"
API = "/api/v1/"
API_DOCS = f"{API}docs"
