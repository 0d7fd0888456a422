"""Every page of the product that a person can open, found in the URLconf, with rows for the ones that need some."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from concierge.models import Conversation
from members.models import Escalation, Location, Membership, Plan, Service
from outreach.models import Sequence

# What `<int:pk>` of an address means, by what its name begins with; the others take a patient.
_ROWS = (
    ("concierge:inbox", Conversation),
    ("concierge:", Escalation),
    ("outreach:sequence", Sequence),
    ("portal:setup_location", Location),
    ("portal:setup_service", Service),
    ("members:plan", Plan),
)
# No page of their own: parts of pages, files, answers to machines, or a form that another page shows.
_NO_PAGE = re.compile(
    r"api:|healthz|readyz|webhook|draft$|transcript|alarm|standing|played$|download|_csv|_json|_pdf|export|\.ics"
)


def views(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(name with namespace, view) of every address of the product."""
    for each in (resolver or get_resolver()).url_patterns:
        if isinstance(each, URLResolver):
            yield from views(each, f"{prefix}{each.namespace}:" if each.namespace else prefix)
        elif isinstance(each, URLPattern):
            yield f"{prefix}{each.name}", each.callback


def pages(*kinds: str) -> list[tuple[str, str]]:
    """(name, path) of the pages whose declaration is one of `kinds`: staff, account, public."""
    found: dict[str, str] = {}
    for name, view in views():
        if getattr(view, "access", None) and view.access.kind in kinds and not _NO_PAGE.search(name):
            path = _path(name)
            if path:
                found[path] = name
    return [(name, path) for path, name in found.items()]


def _path(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        pk = _row(name)
    try:
        return reverse(name, args=[pk])
    except NoReverseMatch:
        return ""  # it needs more than one row: its test stands beside it


def _row(name: str) -> int:
    model = next((model for start, model in _ROWS if name.startswith(start)), None)
    if model is None:
        return Membership.objects.order_by("pk").values_list("patient_id", flat=True)[0]
    return model.objects.order_by("pk").values_list("pk", flat=True)[0]
