"""The kinds of rows that can be taken in."""

from members.importing.batch import Writer
from members.importing.catalogue import ServiceWriter
from members.importing.credit_lots import CreditWriter
from members.importing.diary import VisitWriter
from members.importing.memberships import MembershipWriter
from members.importing.payments import PaymentWriter
from members.importing.people import PatientWriter

WRITERS: dict[str, Writer] = {
    "patients": PatientWriter(),
    "services": ServiceWriter(),
    "memberships": MembershipWriter(),
    "visits": VisitWriter(),
    "credits": CreditWriter(),
    "payments": PaymentWriter(),
}
