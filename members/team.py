"""Who works here and what they may do: invited by e-mail, given roles, switched off when they leave (R114).

A manager looks after front desk and clinicians; only an owner gives or takes the roles of managers and owners.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet

from common.errors import Refused
from members import audit
from members.models import Invitation, Location, StaffRole, StaffUser

LIFETIME = timedelta(days=7)
Role = StaffRole.Role
_LEADING = frozenset({Role.MANAGER, Role.OWNER})


def invite(*, email: str, role: str, location: Location | None, by: StaffUser, now: datetime) -> tuple[Invitation, str]:
    """The invitation and the token of its link, which is told once and never stored.

    Raises Refused: bad_email, known (has an account), not_yours (the role is not yours to give).
    """
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Refused("This is not an e-mail address.", code="bad_email") from None
    _may_give(role, by)
    if StaffUser.objects.filter(email=email).exists():
        raise Refused("This address has an account already: change its roles below.", code="known")
    token = secrets.token_urlsafe(24)
    with transaction.atomic():
        Invitation.objects.filter(email=email, accepted_at__isnull=True, revoked_at__isnull=True).update(revoked_at=now)
        invitation = Invitation.objects.create(
            email=email,
            role=role,
            location=location,
            token_hash=_hash(token),
            invited_by=by,
            invited_at=now,
            expires_at=now + LIFETIME,
        )
        _trace("team.invited", by, now, {"invitation": invitation.pk, "role": role})
    return invitation, token


def find_invitation(token: str, *, now: datetime) -> Invitation:
    """Raises Refused (bad_link) for a link that is wrong, used, withdrawn or older than a week."""
    invitation = Invitation.objects.select_related("location").filter(token_hash=_hash(token)).first()
    if invitation is None or not invitation.is_open(now):
        raise Refused("This invitation is no longer valid. Ask your manager for a new one.", code="bad_link")
    return invitation


def accept(*, invitation: Invitation, first_name: str, last_name: str, password: str, now: datetime) -> StaffUser:
    """Make the account. Raises Refused: bad_link (taken meanwhile), weak_password with what is wrong with it."""
    user = StaffUser(email=invitation.email, first_name=first_name.strip(), last_name=last_name.strip())
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise Refused(" ".join(weak.messages), code="weak_password") from None
    with transaction.atomic():
        taken = Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True)
        if not taken.update(accepted_at=now):
            raise Refused("This invitation is no longer valid. Ask your manager for a new one.", code="bad_link")
        user.set_password(password)
        user.save()
        StaffRole.objects.create(user=user, role=invitation.role, location=invitation.location)
        _trace("team.joined", user, now, {"invitation": invitation.pk, "role": invitation.role})
    return user


def revoke(*, invitation: Invitation, by: StaffUser, now: datetime) -> None:
    """Withdraw an open invitation; its link stops working."""
    _may_give(invitation.role, by)
    with transaction.atomic():
        withdrawn = Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True)
        if withdrawn.update(revoked_at=now):
            _trace("team.invitation_revoked", by, now, {"invitation": invitation.pk})


def give_role(*, user: StaffUser, role: str, location: Location | None, by: StaffUser, now: datetime) -> None:
    """Raises Refused (not_yours). Giving a role twice changes nothing."""
    _may_give(role, by)
    with transaction.atomic():
        _, made = StaffRole.objects.get_or_create(user=user, role=role, location=location)
        if made:
            _trace("team.role_given", by, now, {"user": user.pk, "role": role, "location": location and location.pk})


def take_role(*, held: StaffRole, by: StaffUser, now: datetime) -> None:
    """Raises Refused: not_yours, last_owner (a practice without an owner could never get one again)."""
    _may_give(held.role, by)
    with transaction.atomic():
        if held.role == Role.OWNER and not _other_owners(held.user).exists():
            raise Refused("This is the last owner. Make somebody else an owner first.", code="last_owner")
        held.delete()
        _trace("team.role_taken", by, now, {"user": held.user_id, "role": held.role})


def switch_off(*, user: StaffUser, by: StaffUser, now: datetime) -> None:
    """End the account: nobody can sign in with it, and its sessions end. What they did stays on record.

    Raises Refused: not_yours, yourself, last_owner.
    """
    _may_look_after(user, by)
    if user.pk == by.pk:
        raise Refused("You cannot switch off your own account. Ask a colleague.", code="yourself")
    with transaction.atomic():
        if Role.OWNER in user.role_names() and not _other_owners(user).exists():
            raise Refused("This is the last owner. Make somebody else an owner first.", code="last_owner")
        StaffUser.objects.filter(pk=user.pk).update(is_active=False)
        _trace("team.switched_off", by, now, {"user": user.pk})


def switch_on(*, user: StaffUser, by: StaffUser, now: datetime) -> None:
    """Let a colleague in again. Raises Refused (not_yours)."""
    _may_look_after(user, by)
    with transaction.atomic():
        StaffUser.objects.filter(pk=user.pk).update(is_active=True)
        _trace("team.switched_on", by, now, {"user": user.pk})


def forget_second_factor(*, user: StaffUser, by: StaffUser, now: datetime) -> None:
    """For a lost phone: they set up a new second factor at their next sign-in. Raises Refused (not_yours)."""
    _may_look_after(user, by)
    with transaction.atomic():
        Authenticator.objects.filter(user_id=user.pk).delete()
        _trace("team.second_factor_forgotten", by, now, {"user": user.pk})


def _may_give(role: str, by: StaffUser) -> None:
    if role not in Role.values:
        raise Refused("Choose a role.", code="no_role")
    if role in _LEADING and Role.OWNER not in by.role_names():
        raise Refused("Only an owner gives or takes this role.", code="not_yours")


def _may_look_after(user: StaffUser, by: StaffUser) -> None:
    if not user.role_names().isdisjoint(_LEADING) and Role.OWNER not in by.role_names():
        raise Refused("Only an owner may change this account.", code="not_yours")


def _other_owners(user: StaffUser) -> QuerySet[StaffRole]:
    return StaffRole.objects.filter(role=Role.OWNER, user__is_active=True).exclude(user=user)


def speak(*, language: str, by: StaffUser, now: datetime) -> None:
    """Show the portal to `by` in this language from now on. Raises Refused (unknown)."""
    if language not in StaffUser.Language:
        raise Refused("The portal does not speak this language.", code="unknown")
    with transaction.atomic():
        by.language = language
        by.save(update_fields=["language"])
        _trace("team.language", by, now, {"language": language})


def _trace(act: str, by: StaffUser, now: datetime, data: dict[str, object]) -> None:
    audit.record(act, actor=f"staff:{by.pk}", patient=None, now=now, data=data)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
