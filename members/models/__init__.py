"""Every table of the members floor, one noun a module."""

from members.models.audit import AuditEntry, AuditRound, AuditSeal
from members.models.benefits import Benefit
from members.models.billing import BillingChange, Dispute, Invoice, PaymentAttempt, StripeEvent
from members.models.consent import ConsentEntry
from members.models.credits import CreditEntry, HeldLot
from members.models.escalations import Escalation
from members.models.holds import Hold
from members.models.imports import ImportChunk, ImportJob
from members.models.integrations import ApiKey, ApiReplay, WebhookDelivery, WebhookEndpoint, WebhookEvent
from members.models.links import PatientLink
from members.models.memberships import Interest, Membership
from members.models.metrics import MetricSnapshot
from members.models.people import Household, NotDuplicate, Patient, PatientEmail, PatientMerge, PatientPhone
from members.models.plans import Plan, PlanVersion, PriceChange, Service
from members.models.practice import BusinessHours, Closure, Location, Practice
from members.models.price_moves import PriceMove
from members.models.quotes import MembershipChange, Quote, QuoteConsent
from members.models.reconciliations import Drift, Reconciliation
from members.models.registers import BusinessAssociate, Confirmation, OnCallContact
from members.models.saved_lists import SavedList
from members.models.staff import Invitation, StaffRole, StaffUser
from members.models.standin import StandinObject, StandinReplay
from members.models.visits import MissedVisit, Provider, SchedulerCursor, Shift, SlotHold, TimeOff, Visit

__all__ = [
    "ApiKey",
    "ApiReplay",
    "AuditEntry",
    "AuditRound",
    "AuditSeal",
    "Benefit",
    "BillingChange",
    "BusinessAssociate",
    "BusinessHours",
    "Closure",
    "Confirmation",
    "ConsentEntry",
    "CreditEntry",
    "Dispute",
    "Drift",
    "Escalation",
    "HeldLot",
    "Hold",
    "Household",
    "ImportChunk",
    "ImportJob",
    "Interest",
    "Invitation",
    "Invoice",
    "Location",
    "Membership",
    "MembershipChange",
    "MetricSnapshot",
    "MissedVisit",
    "NotDuplicate",
    "OnCallContact",
    "Patient",
    "PatientEmail",
    "PatientLink",
    "PatientMerge",
    "PatientPhone",
    "PaymentAttempt",
    "Plan",
    "PlanVersion",
    "Practice",
    "PriceChange",
    "PriceMove",
    "Provider",
    "Quote",
    "QuoteConsent",
    "Reconciliation",
    "SavedList",
    "SchedulerCursor",
    "Service",
    "Shift",
    "SlotHold",
    "StaffRole",
    "StaffUser",
    "StandinObject",
    "StandinReplay",
    "StripeEvent",
    "TimeOff",
    "Visit",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
]
