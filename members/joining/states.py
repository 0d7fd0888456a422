"""Which lines are drawn, which act starts where, and what a patient reads when it does not."""

from common.errors import Refused
from members.models import Membership, Quote

S, Act = Membership.Status, Quote.Act

DRAWN: frozenset[tuple[str, str]] = frozenset(
    {
        (S.PENDING, S.ACTIVE), (S.PENDING, S.CANCELLED),
        (S.ACTIVE, S.PAST_DUE), (S.ACTIVE, S.PAUSED), (S.ACTIVE, S.CANCELLING), (S.ACTIVE, S.CANCELLED),
        (S.PAST_DUE, S.ACTIVE), (S.PAST_DUE, S.PAUSED), (S.PAST_DUE, S.CANCELLING), (S.PAST_DUE, S.CANCELLED),
        (S.PAST_DUE, S.LAPSED),
        (S.PAUSED, S.ACTIVE), (S.PAUSED, S.PAST_DUE), (S.PAUSED, S.CANCELLING), (S.PAUSED, S.CANCELLED),
        (S.PAUSED, S.LAPSED),
        (S.CANCELLING, S.ACTIVE), (S.CANCELLING, S.PAST_DUE), (S.CANCELLING, S.PAUSED), (S.CANCELLING, S.CANCELLED),
        (S.CANCELLING, S.LAPSED),
    }
)  # fmt: skip

_FROM = {
    Act.START: (S.PENDING,),
    Act.UPGRADE: (S.ACTIVE,),
    Act.DOWNGRADE: (S.ACTIVE,),
    Act.PAUSE: (S.ACTIVE, S.PAST_DUE),
    Act.RESUME: (S.PAUSED,),
    Act.CANCEL: (S.ACTIVE, S.PAST_DUE, S.PAUSED),
    Act.KEEP: (S.CANCELLING,),
    Act.RESTART: (S.CANCELLED, S.LAPSED),
}

_STANDS = {
    S.PENDING: "Your membership has not started yet.",
    S.ACTIVE: "Your membership is active.",
    S.PAST_DUE: "A payment is open. Once it is paid, you can do this.",
    S.PAUSED: "Your membership is paused. Resume it first.",
    S.CANCELLING: "Your membership is set to end. Take that back first.",
    S.CANCELLED: "Your membership has ended.",
    S.LAPSED: "Your membership has ended.",
}
_ALREADY = {
    (Act.PAUSE, S.PAUSED): "Your membership is already paused.",
    (Act.CANCEL, S.CANCELLING): "Your membership is already set to end.",
    (Act.RESUME, S.ACTIVE): "Your membership is not paused.",
    (Act.KEEP, S.ACTIVE): "Your membership goes on; there is nothing to take back.",
    (Act.START, S.ACTIVE): "Your membership has already started.",
    (Act.RESTART, S.ACTIVE): "You have an active membership.",
}


def require(membership: Membership, act: str) -> None:
    """Raises Refused (wrong_state) with a sentence for the patient when no line is drawn for the act from here."""
    status = S(membership.status)
    if status not in _FROM[Act(act)]:
        raise Refused(_ALREADY.get((Act(act), status), _STANDS[status]), code="wrong_state")


def allowed(membership: Membership) -> list[str]:
    """The acts that start from where the membership is."""
    return [act for act, starts in _FROM.items() if S(membership.status) in starts]
