"""People who work at the practice."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.utils.functional import cached_property

from members.models.practice import Location


class StaffUserManager(BaseUserManager["StaffUser"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "StaffUser":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "StaffUser":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class StaffUser(AbstractUser):
    """Signs in with an e-mail address of their own; logins are never shared (R114)."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)

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
        """Asked several times a request: by the view's guard, the menu, the page."""
        return frozenset(role.role for role in self.roles.all())


class StaffRole(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        MANAGER = "manager", "Manager"
        FRONT_DESK = "front_desk", "Front desk"
        CLINICIAN = "clinician", "Clinician"

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
