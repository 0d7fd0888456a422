"""English that no line of the portal writes out: it is made of codes and field names. Listed here to be translated."""

from django.utils.translation import gettext_noop as _

UNITS = (_("month"), _("year"), _("minutes"))
COLUMNS = (_("Member"), _("Status"), _("State"), _("Event"), _("Error"), _("Patient"), _("Reason"), _("Case"))
FIELDS = (_("City"), _("Street"), _("Category"), _("Price"), _("Vendor"), _("Location"), _("Birth date"))
DAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
ROUNDS = (
    _("Every day"),
    _("Every evening"),
    _("Members who pay and do not come"),
    _("Failed payments that nothing follows yet"),
    _("Memberships that ended 30 to 90 days ago, and pauses that nobody ends"),
    _("Required notices, members for whom the next plan would pay, and memberships that have just ended"),
    _("Members who missed a visit today or called it off too late"),
)
ALL = (*UNITS, *COLUMNS, *FIELDS, *DAYS, *ROUNDS)
