"""Wishes about appointments that the strict reader takes: to book, to move, to cancel, to be told of one.

A text that also speaks of pain, money or the membership is for others: phrases here are short whole clauses.
"""

from concierge.understanding.base import Intent
from concierge.understanding.phrases import Phrases

_VISIT = "appointment|appt|apt|appointments|booking|visit|session|reservation"
_MY = "my|the|this|that|our"

_RESCHEDULE = Phrases(
    (
        f"reschedule|resched|rescheduling ?{_MY} ?{_VISIT}",
        f"move|change|switch|push|shift ?{_MY} ~ {_VISIT}",
        f"move|change|switch|push ?{_MY} {_VISIT}",
        "different|another|later|earlier time|day for ?my appointment|appt",
        "reprogramar|reagendar ?mi|la ?cita",
        "cambiar|mover ?mi|la cita",
    )
)
_CANCEL = Phrases(
    (
        f"cancel|cancelling|canceling ?{_MY} ~ {_VISIT}",
        f"cancel|cancelling|canceling ?{_MY} {_VISIT}",
        f"cant|cannot make|come ~ {_VISIT}",
        "cant|cannot make it",
        "cancelar|cancela|cancelen ?mi|la cita",
    )
)
_INFO = Phrases(
    (
        f"when|whens ?is ?{_MY} ?next ?upcoming {_VISIT}",
        f"what time|day is ?{_MY} ?next {_VISIT}",
        "when am i booked|scheduled|coming",
        f"do i ?still ?already have ?an|any|my ?upcoming|next {_VISIT}",
        "am i ?still booked|scheduled",
        f"confirm|check ?{_MY} ?next {_VISIT}",
        "cuando|a que hora es|tengo ?mi|la ?proxima cita",
        "tengo cita",
    )
)
_BOOK = Phrases(
    (
        f"book|schedule|make|set ?up ?me ?a|an|my|in ?for ?a ?next {_VISIT}",
        "can|could|may|want|like|love|need|how|when ?do ?i ?to book|schedule ?in|it|one|a|my|me|something",
        f"get|need|want ?to ?make a|an ?facial|new {_VISIT}",
        "^ ?please book|schedule ?me ?it ?in|for|a|my|one",
        f"do|does|any ?you ?guys|yall ?have|got ?any|anything ~ {_VISIT}|opening|openings|availability|available|slots",
        "do you ?guys have ?got anything|something|any|openings|availability|room|time|times",
        "anything|any|something ?times|time open|available|free",
        "any openings|availability|slots|times",
        "can|could i come|get in",
        "when can|could i come|get in",
        "^ ?what ?other times|availability",
        "quiero|quisiera|puedo|necesito|me gustaria ~ reservar|agendar|cita|sacar",
        "hacer|reservar|agendar|sacar ?una cita",
        "tienen ~ disponible|disponibilidad|espacio|lugar|cita|citas|algo",
    )
)
_IN_ORDER = (
    (_RESCHEDULE, Intent.RESCHEDULE),
    (_CANCEL, Intent.CANCEL_APPOINTMENT),
    (_INFO, Intent.APPOINTMENT_INFO),
    (_BOOK, Intent.BOOK),
)
# A clinician's, the desk's or another answer's matter, whatever else the text says.
_NOT_HERE = Phrases(
    (
        "pain|hurt|hurts|bleeding|swelling|swollen|rash|infection|infected|burn|burning|pregnant|allergic|reaction|dolor",
        "refund|charge|charged|fee|fees|price|cost|how much|cuanto cuesta|reembolso",
        "daughter|son|husband|wife|friend|sister|mother|mom|kid|child|amiga|amigo|hija|hijo|esposo|hermana",
        "membership|subscription|plan|membresia",
        "for 2|two|both|us",
    )
)


def is_more(words: str) -> bool:
    """Whether the normal text is also about what no offer of times may answer: pain, money, somebody else's visit."""
    return _NOT_HERE.found_in(words)


def intent_of(words: str) -> Intent | None:
    """`words` in normal form; None where the text is about something else, or about more than an appointment."""
    if is_more(words):
        return None
    return next((intent for phrases, intent in _IN_ORDER if phrases.found_in(words)), None)
