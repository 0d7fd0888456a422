"""The way out of e-mail that every e-mail carries: one click, no login (R39, RFC 8058).

The address in the link is signed, not stored: nobody can unsubscribe somebody else, and an old e-mail's link works.
"""

from datetime import datetime

from django.core import signing

from common import doors
from common.errors import Refused
from members import consent
from members.models import ConsentEntry

_SALT = "members.unsubscribing"
_EMAIL = ConsentEntry.Channel.EMAIL


def path_for(email: str) -> str:
    """The path of the unsubscribe page of an e-mail address, for the List-Unsubscribe header and the foot."""
    return doors.UNSUBSCRIBE.format(token=signing.dumps(email.lower(), salt=_SALT, compress=False))


def email_of(token: str) -> str:
    """Raises Refused for a token that we did not make."""
    try:
        email: str = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        raise Refused("This link is not complete. Copy the whole link from the e-mail.", code="bad_link") from None
    return email


def unsubscribe(*, token: str, now: datetime) -> str:
    """Stop e-mail to the address, at once; a second click changes nothing. Returns the address. Raises Refused."""
    email = email_of(token)
    if not consent.is_opted_out(email, channel=_EMAIL):
        consent.opt_out(address=email, channel=_EMAIL, wording="Unsubscribe link", source="e-mail link", now=now)
    return email
