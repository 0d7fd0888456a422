"""What a wording must have and must not have, asked when it is saved. Pure, but for the service names it is given.

An error keeps it from being saved; a warning is shown and may be right.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from outreach import wording
from outreach.offers import ACTS, TIMES

# Placeholder -> the longest value that is plausible, to count segments with.
PLACEHOLDERS: dict[str, str] = {
    "first_name": "Alexandria",
    "practice": "Glow Theory",
    "practice_phone": "(512) 555-0100",
    "practice_email": "hello@glowtheory.example",
    "credits": "12 membership credits",
    "amount": "$1,299.00",
    "price": "$1,299.00",
    "new_price": "$1,399.00",
    "difference": "$100.00",
    "benefit": "an extra membership credit",
    "monthly_credits": "2 membership credits",
    "grace_until": "Sep 30",
    "resume_on": "Sep 30",
    "renews_on": "Sep 30",
    "changes_on": "Sep 30",
    "interval": "12 weeks",
    "offer": "Come back by Sep 30 and your first visit is upgraded. ",
    "times": "How about 1) Wed Sep 30, 10:30 am or 2) Thu Oct 15, 12:30 pm? Reply 1 or 2.",
    "link": "https://members.glowtheory.example/m/" + "x" * 27 + "/",
}
FOR_STAFF = frozenset({"full_name", "plan", "failed_on", "card", "texts_sent", "again", "amount", "credits"})
MOST_SEGMENTS = 2  # R74

_STOP = re.compile(r"\b(reply stop|responda stop)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://|www\.|\b[\w-]+\.(com|net|org|ly|io|me|co|us|info|link)\b", re.IGNORECASE)
_END = re.compile(r"\b(last chance|ends? (today|tonight|soon)|only today|hurry|ultima oportunidad|solo hoy)\b", re.I)
_BANNED: tuple[tuple[str, str], ...] = (
    (
        r"botox|dysport|xeomin|juvederm|filler\w*|toxin\w*|facials?|laser\w*|inject\w*|peels?|microneedl\w*|skin|"
        r"treatment\w*|acne|wrinkle\w*|lips?|weight|semaglutide|ozempic|piel|tratamiento\w*|relleno\w*|arrugas",
        "names a treatment or a body part; say credits or visit (R107)",
    ),
    (
        r"swell\w*|swollen|bruis\w*|redness|numb(?:ness)?|blister\w*|infect\w*|side effects?|aftercare|dos(?:e|age)s?|"
        r"pregnan\w*|medication\w*|ibuprofen|hinchaz\w*|moret\w*|entumec\w*|ampollas?|efectos secundarios|dosis|"
        r"embaraz\w*|medicamento\w*|infecci\w*",
        "is clinical; only a clinician may say that, and by hand (R157, R158)",
    ),
    (
        r"guarantee\w*|permanent\w*|no risk|risk[- ]free|fda|cures?|best in|proven|painless|garantiza\w*|sin riesgo",
        "makes a claim that a text may not make (R169)",
    ),
    (
        r"stolen|lost|fraud\w*|declined?|insufficient|robada|perdida|fraude|rechazad\w*",
        "blames the card (R140)",
    ),
    (
        r"cbd|cannabis|marijuana|weed|vape|tobacco|alcohol|wine|beer|gun|casino|lottery|sweepstakes?|raffle|loan|sex\w*|"
        r"prescription|rx",
        "is a subject that carriers refuse (R55)",
    ),
    (r"before and after|before/after", "promises pictures of results (R169)"),
)


@dataclass(frozen=True)
class Finding:
    words: str
    is_error: bool = True


def findings(
    text: str, *, kind: str, first: bool, choices: Collection[str] = (), services: Collection[str] = ()
) -> list[Finding]:
    """Everything to mend in the wording of one text to a patient. `first`: it begins its sequence."""
    found = [Finding(words) for words in _unknown(text, PLACEHOLDERS)]
    if found:
        return found
    if not text.strip():
        return [Finding("There is no wording.")]
    marketing = kind == "marketing"
    if "{practice}" not in text:
        found.append(Finding("It does not say who writes: use {practice} (R52)."))
    if (marketing or first) and not _STOP.search(text):
        found.append(Finding("It does not say how to stop: end with “Reply STOP to opt out.” (R53)."))
    found += [Finding(f"“{match}” {why}.") for match, why in _banned(text, services)]
    if _ADDRESS.search(text.replace("{link}", "")):
        found.append(Finding("Links go over our own address only: use {link} (R54)."))
    if _END.search(text) and "{offer}" not in text:
        found.append(Finding("It hurries without a real end: use {offer}, which has one (R102)."))
    return found + _unnamed(text, choices) + _size(text)


def staff_findings(text: str) -> list[Finding]:
    """Of a task for staff, which may say more."""
    known = dict.fromkeys(FOR_STAFF, "")
    if not text.strip():
        return [Finding("Say what is to be done.")]
    return [Finding(words) for words in _unknown(text, known)]


def sample(text: str) -> str:
    """The wording with its longest plausible facts, as it is counted."""
    return wording.render(text, PLACEHOLDERS).replace(wording.LINK, PLACEHOLDERS["link"])


def _unknown(text: str, known: dict[str, str]) -> list[str]:
    names = re.findall(r"\{([^{}]*)\}", text)
    return [
        f"“{{{name}}}” is not a fact that we know. Known: {', '.join(sorted(known))}."
        for name in dict.fromkeys(names)
        if name not in known
    ]


def _banned(text: str, services: Collection[str]) -> list[tuple[str, str]]:
    bare = re.sub(r"\{[^{}]*\}", " ", text)
    found = []
    for pattern, why in _BANNED:
        if match := re.search(rf"\b(?:{pattern})\b", bare, re.IGNORECASE):
            found.append((match[0], why))
    for name in services:
        if name and re.search(rf"\b{re.escape(name)}\b", bare, re.IGNORECASE):
            found.append((name, "is a service of yours; say credits or visit (R107)"))
    return found


def _unnamed(text: str, choices: Collection[str]) -> list[Finding]:
    """A reply that is offered must be named, or nobody can give it."""
    found = []
    if TIMES in choices and "{times}" not in text:
        found.append(Finding("It offers appointment times but has no {times}."))
    for act in choices:
        if act in ACTS and not any(re.search(rf"\b{re.escape(say)}\b", text, re.I) for say in ACTS[act][0]):
            found.append(
                Finding(f"It offers “{act.replace('_', ' ')}” but does not say what to reply.", is_error=False)
            )
    return found


def _size(text: str) -> list[Finding]:
    size = wording.segments(sample(text))
    if size.count > MOST_SEGMENTS:
        return [Finding(f"It is {size.count} segments long with the longest facts; {MOST_SEGMENTS} at most (R74).")]
    if size.encoding != "GSM-7":
        return [Finding("A letter in it halves the room of a segment; use plain letters.", is_error=False)]
    return []
