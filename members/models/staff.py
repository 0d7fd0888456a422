"""People who work at the practice."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_noop as _

from members.models.practice import Location


class StaffUserManager(BaseUserManager["StaffUser"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "StaffUser":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "StaffUser":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def with_second_factor(self) -> "models.QuerySet[StaffUser]":
        """Who has an authenticator app or a passkey; signing in then asks for it."""
        from allauth.mfa.models import Authenticator  # needs this very model: the user's class is loaded first

        kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
        return self.filter(pk__in=Authenticator.objects.filter(type__in=kinds).values("user_id"))


class StaffUser(AbstractUser):
    """Signs in with an e-mail address of their own; logins are never shared (R114)."""

    class Language(models.TextChoices):
        """Of the portal. Each is called by its own name, so that whoever reads only that one finds it."""

        ENGLISH = "en", _("English")
        SPANISH = "es", _("Español")

    username = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)
    language = models.CharField(max_length=2, blank=True, choices=Language, help_text="Empty: as the browser asks.")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[StaffUserManager] = StaffUserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def role_names(self) -> frozenset[str]:
        """The roles held, at any location. A superuser is an owner."""
        if not self.is_active:
            return frozenset()
        return self._held | {StaffRole.Role.OWNER} if self.is_superuser else self._held

    @cached_property
    def _held(self) -> frozenset[str]:
        return frozenset(role.role for role in self._roles)

    @cached_property
    def _roles(self) -> "list[StaffRole]":
        """Asked several times a request: by the view's guard, the menu, the page."""
        return list(self.roles.all())

    def places(self, roles: frozenset[str] = frozenset()) -> frozenset[int] | None:
        """Where they hold one of `roles`, or any role without `roles`; None: at every location."""
        if self.is_superuser:
            return None
        held = {role.location_id for role in self._roles if not roles or role.role in roles}
        return None if None in held else frozenset(place for place in held if place is not None)

    def has_second_factor(self) -> bool:
        return StaffUser.objects.with_second_factor().filter(pk=self.pk).exists()


class StaffRole(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        MANAGER = "manager", _("Manager")
        FRONT_DESK = "front_desk", _("Front desk")
        CLINICIAN = "clinician", _("Clinician")

    user = models.ForeignKey(StaffUser, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=12, choices=Role)
    location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.CASCADE, help_text="Empty: every location."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "location"], nulls_distinct=False, name="a_role_is_given_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"


class Invitation(models.Model):
    """open -> accepted | revoked | expired. The link's token is never stored, only its hash."""

    email = models.EmailField()
    role = models.CharField(max_length=12, choices=StaffRole.Role)
    location = models.ForeignKey(Location, null=True, blank=True, on_delete=models.CASCADE, help_text="Empty: all.")
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(StaffUser, on_delete=models.PROTECT, related_name="invitations_sent")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-invited_at", "-pk")
        constraints = [
            # Inviting somebody again replaces the open invitation: two links would make two answers to "who may what".
            models.UniqueConstraint(
                fields=["email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="one_open_invitation_an_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}: {self.get_role_display()}"

    def is_open(self, now: datetime) -> bool:
        return self.accepted_at is None and self.revoked_at is None and now < self.expires_at
