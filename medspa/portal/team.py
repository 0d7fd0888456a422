"""Who works here: accounts, roles, invitations. For managers and owners."""

import logging
from datetime import datetime
from smtplib import SMTPException

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import clock, htmx
from common.access import EVERYWHERE, public, staff
from common.errors import Refused
from members import team
from members.models import Invitation, Location, Practice, StaffRole, StaffUser
from members.views import signed_in

log = logging.getLogger(__name__)


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"))
    role = forms.ChoiceField(label=_("Role"), choices=StaffRole.Role.choices, initial=StaffRole.Role.FRONT_DESK)
    location = forms.ModelChoiceField(Location.objects.all(), required=False, empty_label=_("Every location"))


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=StaffRole.Role.choices)
    location = forms.ModelChoiceField(Location.objects.all(), required=False, empty_label=_("Every location"))


class JoinForm(forms.Form):
    first_name = forms.CharField(label=_("First name"), max_length=60)
    last_name = forms.CharField(label=_("Last name"), max_length=60)
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("8 characters or more, not one that others use."),
    )


@staff("manager", "owner", place=EVERYWHERE)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return _page(request, InviteForm())


@staff("manager", "owner", place=EVERYWHERE)
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """Send an invitation. The mail goes out after the row is written; if it cannot, the link is shown instead."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    by, now = signed_in.person(request), clock.now()
    try:
        invitation, token = team.invite(**form.cleaned_data, by=by, now=now)
    except Refused as refused:
        form.add_error("email" if refused.code in ("bad_email", "known") else "role", refused.message)
        return _page(request, form, status=422)
    link = settings.PUBLIC_BASE_URL + reverse("portal:join", args=[token])
    try:
        _mail(invitation, link, by)
    except (OSError, SMTPException):
        log.warning("an invitation could not be mailed", extra={"invitation": invitation.pk})
        messages.warning(request, f"The mail could not be sent. Give this link to them yourself: {link}")
    else:
        messages.success(request, f"An invitation is on its way to {invitation.email}. It works for a week.")
    return redirect("portal:team")


@staff("manager", "owner", place=EVERYWHERE)
@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """One change to a colleague's account; `do` says which."""
    user = get_object_or_404(StaffUser, pk=pk)
    by, now = signed_in.person(request), clock.now()
    try:
        said = _do(request, user, by, now=now)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, said)
    return redirect("portal:team")


@staff("manager", "owner", place=EVERYWHERE)
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        invitation = get_object_or_404(Invitation, pk=pk)
        team.revoke(invitation=invitation, by=signed_in.person(request), now=clock.now())
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The invitation is withdrawn. Its link does not work any more."))
    return redirect("portal:team")


@public
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds the link of an open invitation makes the account that it is for."""
    now = clock.now()
    try:
        invitation = team.find_invitation(token, now=now)
    except Refused as refused:
        return htmx.render(request, "portal/join.html", {"refused": refused.message}, status=410)
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            team.accept(invitation=invitation, **form.cleaned_data, now=now)
        except Refused as refused:
            form.add_error("password" if refused.code == "weak_password" else None, refused.message)
        else:
            messages.success(request, _("Your account is ready. Sign in with it."))
            return redirect("account_login")
    status = 422 if form.errors else 200
    return htmx.render(request, "portal/join.html", {"form": form, "invitation": invitation}, status=status)


def _do(request: HttpRequest, user: StaffUser, by: StaffUser, *, now: datetime) -> str:
    what = request.POST.get("do", "")
    if what == "give":
        form = RoleForm(request.POST)
        if not form.is_valid():
            raise Refused(_("Choose a role."), code="no_role")
        team.give_role(user=user, **form.cleaned_data, by=by, now=now)
        return f"{user} has the role."
    if what == "take":
        team.take_role(held=get_object_or_404(StaffRole, pk=request.POST.get("held") or 0, user=user), by=by, now=now)
        return f"{user} has the role no more."
    acts = {
        "switch_off": (team.switch_off, f"{user} cannot sign in any more."),
        "switch_on": (team.switch_on, f"{user} can sign in again."),
        "forget_second_factor": (team.forget_second_factor, f"{user} sets up a new second step at the next sign-in."),
    }
    if what not in acts:
        raise Refused(_("Say what to change."), code="no_act")
    verb, said = acts[what]
    verb(user=user, by=by, now=now)
    return said


def _page(request: HttpRequest, form: InviteForm, status: int = 200) -> HttpResponse:
    now = clock.now()
    open_ones = Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)
    context = {
        "form": form,
        "roles": StaffRole.Role.choices,
        "locations": list(Location.objects.all()),
        "people": StaffUser.objects.prefetch_related("roles__location").order_by("-is_active", "first_name", "email"),
        "invitations": open_ones.select_related("invited_by", "location"),
    }
    return htmx.render(request, "portal/team.html", context, status=status)


def _mail(invitation: Invitation, link: str, by: StaffUser) -> None:
    practice = Practice.objects.order_by("pk").first()
    name = practice.name if practice else "your practice"
    send_mail(
        subject=f"Your account at {name}",
        message=f"{by} invites you to the staff portal of {name}.\n\nMake your account here, within a week:\n{link}\n",
        from_email=practice.email if practice else None,
        recipient_list=[invitation.email],
    )
