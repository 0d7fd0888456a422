"""Imports: choose a file, see what it would change, confirm, watch, get the rows that were refused."""

from itertools import islice

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import clock, htmx, spreadsheets
from common.access import EVERYWHERE, staff
from common.errors import Refused
from members.importing import jobs
from members.importing.kinds import WRITERS
from members.models import ImportJob
from members.views import signed_in

LEADERS = ("owner", "manager")
_SHOWN = 50
_LISTED = 25


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is in the file?"))
    file = forms.FileField(
        label=_("CSV file"), widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"})
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        kinds = [(kind.value, kind.label) for kind in ImportJob.Kind if kind.value in WRITERS]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]


@staff(*LEADERS, place=EVERYWHERE)
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """The form and the latest imports. A file that cannot be read comes back with the reason beside the form."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            job = jobs.upload(
                kind=form.cleaned_data["kind"],
                file_name=file.name,
                content=file.read(),
                actor=signed_in.actor(request),
                by=signed_in.person(request),
                now=clock.now(),
            )
        except Refused as refused:
            form.add_error("file", refused.message)
        else:
            return redirect("members:import", job.pk)
    latest = ImportJob.objects.select_related("uploaded_by")[:_LISTED]
    context = {"form": form, "jobs": latest, "columns": _columns()}
    return htmx.render(request, "members/imports.html", context, status=422 if form.errors else 200)


@staff(*LEADERS, place=EVERYWHERE)
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One import; while it is under way, the part that moves asks for itself."""
    job = get_object_or_404(ImportJob.objects.select_related("uploaded_by"), pk=pk)
    left_out = [header for header, name in zip(job.headers, job.columns, strict=True) if not name]
    context = {"job": job, "refused": list(islice(jobs.refusals(job), _SHOWN)), "left_out": left_out}
    return htmx.render(request, "members/import.html", context, partial="progress")


@staff(*LEADERS, place=EVERYWHERE)
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(ImportJob, pk=pk)
    try:
        jobs.confirm(job=job, actor=signed_in.actor(request), now=clock.now())
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("members:import", pk)


@staff(*LEADERS, place=EVERYWHERE)
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(ImportJob, pk=pk)
    try:
        jobs.discard(job=job, actor=signed_in.actor(request), now=clock.now())
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("members:import", pk)
    messages.success(request, _("The file was discarded. Nothing was written."))
    return redirect("members:imports")


@staff(*LEADERS, place=EVERYWHERE)
@require_safe
def refused_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """The refused rows as they came, with line and reason: correct them there and upload that file."""
    job = get_object_or_404(ImportJob, pk=pk)
    rows = (
        [each.line, " ".join(f"{name}: {words}" if name else words for name, words in each.errors), *each.cells]
        for each in jobs.refusals(job)
    )
    titles = ["line", "why it was refused", *map(spreadsheets.harmless, job.headers)]
    return spreadsheets.response(f"refused-{job.kind}-{job.pk}.csv", titles, rows)


def _columns() -> list[tuple[str, list[tuple[str, bool, str]]]]:
    """For each kind: (column, whether it is needed, what it holds)."""
    return [
        (
            kind.label,
            [
                (name, field.is_required(), field.description or "")
                for name, field in WRITERS[kind.value].row_model.model_fields.items()
            ],
        )
        for kind in ImportJob.Kind
        if kind.value in WRITERS
    ]
