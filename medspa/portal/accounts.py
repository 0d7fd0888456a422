"""django-allauth's pages for one's own account, each with its declaration of who may use it.

Sign-in asks for the second factor where one is set up; addresses have allauth's own names, because it reverses them.
"""

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.usersessions import views as sessions
from django.urls import path, re_path
from django.views.decorators.http import require_POST

from common.access import own_account, public

login = public(account.login)
logout = public(require_POST(account.logout))

urlpatterns = [
    path("login/", login, name="account_login"),
    path("logout/", logout, name="account_logout"),
    path("login/off/", public(account.account_inactive), name="account_inactive"),
    path("login/second/", public(factors.authenticate), name="mfa_authenticate"),
    path("login/passkey/", public(passkeys.login_webauthn), name="mfa_login_webauthn"),
    path("password/forgotten/", public(account.password_reset), name="account_reset_password"),
    path("password/forgotten/sent/", public(account.password_reset_done), name="account_reset_password_done"),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        public(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/new/done/",
        public(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path("account/password/", own_account(account.password_change), name="account_change_password"),
    path("account/again/", own_account(account.reauthenticate), name="account_reauthenticate"),
    path("account/again/code/", own_account(factors.reauthenticate), name="mfa_reauthenticate"),
    path("account/again/passkey/", own_account(passkeys.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("account/security/", own_account(factors.index), name="mfa_index"),
    path("account/security/app/", own_account(totp.activate_totp), name="mfa_activate_totp"),
    path("account/security/app/remove/", own_account(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("account/security/codes/", own_account(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("account/security/codes/new/", own_account(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("account/security/passkeys/", own_account(passkeys.list_webauthn), name="mfa_list_webauthn"),
    path("account/security/passkeys/add/", own_account(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path("account/security/passkeys/<int:pk>/", own_account(passkeys.edit_webauthn), name="mfa_edit_webauthn"),
    path(
        "account/security/passkeys/<int:pk>/remove/", own_account(passkeys.remove_webauthn), name="mfa_remove_webauthn"
    ),
    path("account/sessions/", own_account(sessions.list_usersessions), name="usersessions_list"),
]
