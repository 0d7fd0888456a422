"""Signing in and out."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError

from common import limits
from common.access import public

TRIES_A_MINUTE = 10
TRIES_OF_A_CALLER = 60  # at all accounts together: a whole front desk sits behind one address


class SignIn(AuthenticationForm):
    """E-mail and password; slower after many tries, so that passwords cannot be guessed by machine."""

    error_messages = {
        "invalid_login": "This e-mail and password do not match. Mind upper and lower case.",
        "inactive": "This account is switched off.",
    }

    def clean(self) -> dict[str, Any]:
        tried = self.cleaned_data.get("username", "")
        caller = limits.caller(self.request) if self.request else ""
        if not (
            limits.allows(f"sign-in:{caller}:{tried}", limit=TRIES_A_MINUTE, seconds=60)
            and limits.allows(f"sign-in:{caller}", limit=TRIES_OF_A_CALLER, seconds=60)
        ):
            raise ValidationError("Too many tries. Wait a minute, then try again.", code="too_many")
        return super().clean()

    def clean_username(self) -> str:
        """E-mail addresses are kept in lower case."""
        return str(self.cleaned_data["username"]).strip().lower()

    username = forms.EmailField(label="E-mail")


login = public(
    LoginView.as_view(template_name="portal/login.html", authentication_form=SignIn, redirect_authenticated_user=True)
)
logout = public(LogoutView.as_view())
