"""One patient's trail as a file, and whom an incident touched: for the patient, a regulator, a lawyer (R116, R121)."""

import json
from datetime import datetime
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from django.db.models import Count, Max, Min, QuerySet
from reportlab.lib import colors
from reportlab.lib.pagesizes import LETTER, landscape
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from common import clock
from members import audit, audit_seals, consent
from members.models import AuditEntry, Patient, Practice, StaffUser

_WIDTHS = (105, 100, 120, 330, 55)  # points, on landscape letter paper


def as_json(patient: Patient, *, actor: str, now: datetime) -> bytes:
    """Everything on record about the patient, oldest first, each entry with its link of the chain."""
    document = _document(patient, now)
    _note(patient, "json", len(document["entries"]), actor, now)
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


def as_pdf(patient: Patient, *, actor: str, now: datetime) -> bytes:
    """The same on paper; times on the patient's clock."""
    document = _document(patient, now)
    styles = getSampleStyleSheet()
    small = styles["BodyText"].clone("small", fontSize=7.5, leading=9.5)
    zone = patient.zone
    head = f"Audit trail of {escape(patient.full_name)}"
    about = (
        f"{escape(document['practice'])}. Made {clock.local(now, zone):%B %d, %Y at %H:%M} ({zone}). "
        f"{len(document['entries'])} entries. Head of the chain: {document['chain_head'] or 'not sealed yet'}."
    )
    rows = [[Paragraph(words, small) for words in _line(entry, zone)] for entry in document["entries"]]
    titles = [Paragraph(f"<b>{title}</b>", small) for title in ("When", "Who", "What", "Details", "Link")]
    table = LongTable([titles, *rows], colWidths=_WIDTHS, repeatRows=1)
    table.setStyle(
        TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey)])
    )
    file = BytesIO()
    paper = SimpleDocTemplate(file, pagesize=landscape(LETTER), title=head, leftMargin=40, rightMargin=40)
    paper.build([Paragraph(head, styles["Heading1"]), Paragraph(about, small), Spacer(1, 10), table])
    _note(patient, "pdf", len(rows), actor, now)
    return file.getvalue()


def affected(entries: QuerySet[AuditEntry], *, actor: str, now: datetime) -> list[tuple[Any, ...]]:
    """The patients that `entries` are about, with how often and from when to when: whom to notify (R121)."""
    found = (
        entries.filter(patient__isnull=False)
        .order_by()
        .values("patient_id", "patient__first_name", "patient__last_name")
        .annotate(entries=Count("pk"), first=Min("at"), last=Max("at"))
        .order_by("patient_id")
    )
    rows = [tuple(row.values()) for row in found]
    audit.record("audit.affected_listed", actor=actor, patient=None, now=now, data={"patients": len(rows)})
    return rows


def names() -> dict[str, str]:
    """What an actor is called: {"staff:3": "Dana Reyes", "stripe": "Stripe", …}."""
    people = {f"staff:{user.pk}": str(user) for user in StaffUser.objects.all()}
    return people | {"system": "The system", "stripe": "Stripe", "concierge": "The concierge", "patient": "The patient"}


def _document(patient: Patient, now: datetime) -> dict[str, Any]:
    people = names()
    about = AuditEntry.objects.filter(patient__in=Patient.objects.with_merged(patient))
    practice = Practice.objects.order_by("pk").first()
    return {
        "practice": practice.legal_name if practice else "",
        "patient": {"id": patient.pk, "external_id": patient.external_id, "name": patient.full_name},
        "made_at": now.isoformat(),
        "chain_head": audit_seals.head(),
        "entries": [_entry(entry, people) for entry in about.select_related("seal").order_by("pk")],
        "consents": [
            {
                "at": said.occurred_at.isoformat(),
                "act": said.act,
                "channel": said.channel,
                "purpose": said.purpose,
                "address": said.address,
                "wording": said.wording,
                "source": said.source,
                "evidence": said.evidence,
            }
            for said in consent.history(patient)
        ],
    }


def _entry(entry: AuditEntry, people: dict[str, str]) -> dict[str, Any]:
    seal = getattr(entry, "seal", None)
    return {
        "id": entry.pk,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "actor_name": people.get(entry.actor, entry.actor),
        "action": entry.action,
        "data": entry.data,
        "origin": entry.origin,
        "link": seal.position if seal else None,
        "digest": seal.digest if seal else None,
    }


def _line(entry: dict[str, Any], zone: str) -> list[str]:
    when = clock.local(datetime.fromisoformat(entry["at"]), zone)
    details = ", ".join(f"{key} {value}" for key, value in entry["data"].items())
    who = entry["actor_name"] + (f" ({entry['origin']})" if entry["origin"] else "")
    return [
        escape(str(words))
        for words in (f"{when:%Y-%m-%d %H:%M:%S}", who, entry["action"], details, entry["link"] or "")
    ]


def _note(patient: Patient, form: str, entries: int, actor: str, now: datetime) -> None:
    audit.record("audit.exported", actor=actor, patient=patient, now=now, data={"format": form, "entries": entries})
