"""Webhook endpoints: where an owner has other systems told the news."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_http_methods, require_POST

from common import clock
from common.access import EVERYWHERE, staff
from common.errors import Refused
from members import webhook_endpoints
from members.models import WebhookDelivery, WebhookEndpoint
from members.views import signed_in

_LISTED = 20


class EndpointForm(forms.Form):
    url = forms.URLField(label=_("Address"), max_length=300, assume_scheme="https")
    events = forms.MultipleChoiceField(
        label=_("What should it hear?"), choices=WebhookEndpoint.Event.choices, widget=forms.CheckboxSelectMultiple
    )


@staff("owner", place=EVERYWHERE)
@require_http_methods(["GET", "HEAD", "POST"])
def endpoints(request: HttpRequest) -> HttpResponse:
    """The endpoints with their secrets, what was delivered last, and the form for another."""
    now, form = clock.now(), EndpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            webhook_endpoints.add(
                **form.cleaned_data, actor=signed_in.actor(request), by=signed_in.person(request), now=now
            )
        except Refused as refused:
            form.add_error("url", refused.message)
        else:
            return redirect("members:webhook_endpoints")
    shown = [(each, webhook_endpoints.secrets(each, now=now)[0]) for each in WebhookEndpoint.objects.all()]
    latest = WebhookDelivery.objects.select_related("endpoint", "event")[:_LISTED]
    context = {"form": form, "endpoints": shown, "deliveries": latest}
    return render(request, "members/webhook_endpoints.html", context, status=422 if form.errors else 200)


@staff("owner", place=EVERYWHERE)
@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """Rotate the secret, switch off, switch on."""
    endpoint = get_object_or_404(WebhookEndpoint, pk=pk)
    actor, now, wanted = signed_in.actor(request), clock.now(), request.POST.get("do")
    try:
        if wanted == "rotate":
            webhook_endpoints.rotate(endpoint=endpoint, actor=actor, now=now)
            messages.success(request, _("The endpoint has a new secret. The former one signs along for a day."))
        elif wanted == "disable":
            webhook_endpoints.disable(endpoint=endpoint, reason="Switched off here.", actor=actor, now=now)
        elif wanted == "enable":
            webhook_endpoints.enable(endpoint=endpoint, actor=actor, now=now)
        else:
            messages.error(request, _("Nothing was done: choose an act."))
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("members:webhook_endpoints")
