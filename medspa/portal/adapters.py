"""How django-allauth behaves here: nobody signs up by themselves, secrets are encrypted, callers are told apart."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest

from common import limits
from members.models import Practice


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This e-mail and password do not match. Mind upper and lower case.",
        "too_many_login_attempts": "Too many tries. Wait a minute, then try again.",
        "account_inactive": "This account is switched off.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by invitation only (R114)."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return limits.caller(request)

    def format_email_subject(self, subject: str) -> str:
        return subject.strip()


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        """The app's secret must not lie in the clear in the database or its backups."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        practice = Practice.objects.order_by("pk").first()
        return practice.name if practice else "Membership portal"

    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        return {**super().get_public_key_credential_rp_entity(), "name": self.get_totp_issuer()}


def _box() -> MultiFernet:
    """Keys from SECRET_KEY and, while it is rotated, its predecessors."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(f"second-factor:{secret}".encode()).digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
