"""API keys for other systems: an owner issues them, sees them once, revokes them."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from common import clock, doors
from common.access import EVERYWHERE, staff
from common.errors import Refused
from members import api_keys
from members.models import ApiKey
from members.views import signed_in


class KeyForm(forms.Form):
    name = forms.CharField(label=gettext_noop("Which system will use it?"), max_length=60)
    scopes = forms.MultipleChoiceField(
        label=gettext_noop("What may it do?"), choices=ApiKey.Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    requests_a_minute = forms.IntegerField(
        label=gettext_noop("Requests a minute"), min_value=1, max_value=api_keys.MOST_A_MINUTE, initial=120
    )


@staff("owner", place=EVERYWHERE)
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """The keys and the form. A new key is shown in the answer to the form, and nowhere else ever."""
    form, fresh = KeyForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            _, fresh = api_keys.issue(
                **form.cleaned_data, actor=signed_in.actor(request), by=signed_in.person(request), now=clock.now()
            )
        except Refused as refused:
            form.add_error(None, refused.message)
        else:
            form = KeyForm()
    issued = ApiKey.objects.select_related("created_by")
    context = {"form": form, "keys": issued, "fresh": fresh, "docs": doors.API_DOCS}
    return render(request, "members/api_keys.html", context, status=422 if form.errors else 200)


@staff("owner", place=EVERYWHERE)
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=pk)
    api_keys.revoke(key=key, actor=signed_in.actor(request), now=clock.now())
    messages.success(request, f"The key of “{key}” no longer works.")
    return redirect("members:api_keys")
