"""One way to edit a row and one to keep a list: forms keep what was typed, a stale save shows both versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.text import slugify

from common import clock, differences, htmx
from common.errors import Refused
from members import practice_setup
from members.models import Location, OnCallContact, Service
from members.views import signed_in


def edit(
    request: HttpRequest,
    form_class: type[forms.ModelForm[Any]],
    row: Any,
    *,
    title: str,
    back: str,
    done: str,
    beside: forms.Form | None = None,
    also: Callable[[Any], None] | None = None,
) -> HttpResponse:
    """GET shows the form, POST saves it through `members.practice_setup`; `also` then writes what `beside` holds."""
    form = form_class(request.POST or None, instance=row)
    context: dict[str, Any] = {"form": form, "beside": beside, "title": title, "back": back}
    names = _columns(form)
    context["seen"] = practice_setup.state_of(row, names) if row.pk else ""
    if request.method != "POST":
        return htmx.render(request, "portal/setup/edit.html", context)
    seen, kept = request.POST.get("seen", ""), context["seen"]
    if form.is_valid() and (beside is None or beside.is_valid()):
        fresh = type(row)._default_manager.filter(pk=row.pk).first() or type(row)()
        try:
            practice_setup.change(fresh, _values(form, fresh), by=signed_in.person(request), now=clock.now(), seen=seen)
            if also:
                also(fresh)
        except Refused as refused:
            form.add_error(None, refused.message)
            saved = form_class(instance=type(row)._default_manager.get(pk=row.pk))
            context |= {"seen": kept, "both": differences.between(saved, form)}
        except forms.ValidationError as wrong:
            form.add_error(None, " ".join(wrong.messages))
        else:
            messages.success(request, "Saved.")
            return redirect(done)
    return htmx.render(request, "portal/setup/edit.html", context, status=422)


def register(
    request: HttpRequest,
    form_class: type[forms.ModelForm[Any]],
    rows: QuerySet[Any],
    *,
    title: str,
    here: str,
    words: str,
    numbered: bool = False,
) -> HttpResponse:
    """A short list to which one adds and from which one removes."""
    by, now = signed_in.person(request), clock.now()
    form = form_class(request.POST if request.POST.get("do") == "add" else None)
    if request.POST.get("do") == "remove":
        practice_setup.remove(get_object_or_404(rows, pk=request.POST.get("pk") or 0), by=by, now=now)
        return redirect(here)
    if form.is_bound and form.is_valid():
        row = rows.model()
        values = _values(form, row)
        if numbered:
            values["position"] = (OnCallContact.objects.aggregate(last=Max("position"))["last"] or 0) + 1
        practice_setup.change(row, values, by=by, now=now)
        messages.success(request, "Added.")
        return redirect(here)
    context = {"form": form, "rows": rows, "title": title, "words": words, "here": here}
    return htmx.render(request, "portal/setup/register.html", context, status=422 if form.errors else 200)


def _columns(form: forms.ModelForm[Any]) -> list[str]:
    return list(_values(form, form.instance, typed=False))


def _values(form: forms.ModelForm[Any], row: Any, *, typed: bool = True) -> dict[str, Any]:
    """What the form writes, column by column; ids of the scheduler are made for rows that it does not know."""
    names = list(form._meta.fields or ())
    values = {name: form.cleaned_data[name] if typed else None for name in names}
    if isinstance(row, Service):
        values["price_cents"] = int(form.cleaned_data["price"] * 100) if typed else None
        values["nicknames"] = form.cleaned_data["nicknames"] if typed else None
    if isinstance(row, Service | Location) and not row.pk and typed:
        values["external_id"] = _new_id(row, str(values["name"]))
    return values


def _new_id(row: Any, name: str) -> str:
    known = set(type(row)._default_manager.values_list("external_id", flat=True))
    stem = slugify(name)[:50] or "entry"
    return next(one for number in range(1, 10_000) if (one := f"{stem}-{number}" if number > 1 else stem) not in known)
