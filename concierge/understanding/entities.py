"""What a text names: services, plans and people of this practice, and what the sender says of themself.

Times are read by `choices` and by the scheduler's own reading of dates: they need the practice's zone and the moment.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz import fuzz, process

from concierge.understanding.base import Entities, Names, ServiceWords
from concierge.understanding.keywords import asks_if_person, named_sender
from concierge.understanding.phrases import normal

_NEAR_ENOUGH = 84.0  # of 100, rapidfuzz's ratio
_SHORTEST_FUZZY = 5
_MOST_WORDS = 60
# Words that lie near a name and are words of their own, and words that name nothing by themselves.
_SAID_OTHERWISE = """
    message messages massaged package passage initial special official social peel feel heel deal real tax text next
    treatment treatments therapy service services session sessions removal credit credits visit plan plans membership
    member gold or silver cover filled fill fuller folder later lesser level lips lip slip tips trip clip skin brow
    brown brows back bank face faces fact hydrate hydrated party july
"""
_STOP = frozenset(_SAID_OTHERWISE.split())
_LIGHT = frozenset({"treatment", "therapy", "service", "session", "removal", "credit", "visit", "plan", "membership"})


# "Bea's balance", "my wife's appointment": what belongs to somebody else. Days and months own nothing.
_THEIRS = re.compile(
    r"(?:\bmy (?P<kin>wife|husband|mom|mother|dad|father|sister|brother|daughter|son|friend|partner|boyfriend|"
    r"girlfriend)"
    r"(?:['’]?s)?|\b(?P<name>[^\W\d_]{2,}(?: [^\W\d_]{2,})?)['’]s) (?:next |monthly |current )?"
    r"(?:plan|balance|memberships?|credits?|account|cards?|payments?|appointments?|appts?|visits?|bill)\b",
    re.IGNORECASE,
)
_ABOUT_KIN = re.compile(
    r"\bmy (wife|husband|mom|mother|dad|father|sister|brother|friend|partner|boyfriend|girlfriend)\b"
    r".{0,60}\bwhen (?:she|he)\b",
    re.IGNORECASE,
)
_OWN_NOTHING = """
    today tomorrow yesterday day week month year tonight morning january february march april may june july august
    september october november december monday tuesday wednesday thursday friday saturday sunday what it that there
    here let how when where who
"""
_BEFORE_A_NAME = "is are was tell me cancel about of for what when where the show give check on to and"
_NOBODY, _BESIDE_A_NAME = frozenset(_OWN_NOTHING.split()), frozenset(_BEFORE_A_NAME.split())


def owner_in(text: str) -> str:
    """Whose plan, credits or visit the text asks about, in normal words; "" when nobody's is named."""
    found, kin = _THEIRS.search(text[:800]), _ABOUT_KIN.search(text[:800])
    if found is None:
        return normal(kin[1]) if kin else ""
    words = normal(found["kin"] or found["name"]).split()
    owner = " ".join(word for word in words[-2:] if word not in _BESIDE_A_NAME)
    return "" if not owner or _NOBODY.intersection(words) else owner


def found_in(
    text: str, *, services: Sequence[ServiceWords], plans: Sequence[Names] = (), providers: Sequence[Names] = ()
) -> Entities:
    """Everything that the text names. Never raises; an unknown name is simply not there."""
    words = normal(text)
    named = _named(words, tuple((service.service_id, service.names) for service in services), by_last_word=True)
    return Entities(
        service_ids=named,
        says_name=named_sender(text) or owner_in(text),
        asks_if_person=asks_if_person(words),
        plan_ids=_named(words, tuple((plan.id, plan.names) for plan in plans)),
        provider_ids=_named(words, tuple((one.id, one.names) for one in providers)),
    )


def _named(
    words: str, names: tuple[tuple[int, tuple[str, ...]], ...], *, by_last_word: bool = False
) -> tuple[int, ...]:
    """Ids in the order in which the text names them; one name of two things gives both. The longest name wins."""
    meanings = _meanings(names, by_last_word)
    if not meanings or not words:
        return ()
    tokens: list[str | None] = list(words.split()[:_MOST_WORDS])
    found: dict[int, tuple[int, ...]] = {}
    longest = max(name.count(" ") + 1 for name in meanings)
    for length in range(longest, 0, -1):
        for start in range(len(tokens) - length + 1):
            window = tokens[start : start + length]
            if any(token is None for token in window):
                continue
            ids = _meant(" ".join(token for token in window if token), meanings)
            if ids:
                found[start] = ids
                tokens[start : start + length] = [None] * length
    return tuple(dict.fromkeys(one for start in sorted(found) for one in found[start]))


def _meant(said: str, meanings: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    exact = meanings.get(said) or meanings.get(said.removesuffix("s")) or meanings.get(said.removesuffix("es"))
    if exact:
        return exact
    if len(said) < _SHORTEST_FUZZY or any(word in _STOP for word in said.split()):
        return ()
    same_length = [name for name in meanings if name.count(" ") == said.count(" ") and name[0] == said[0]]
    near = process.extractOne(said, same_length, scorer=fuzz.ratio, score_cutoff=_NEAR_ENOUGH)
    return meanings[near[0]] if near else ()


@lru_cache(maxsize=64)
def _meanings(names: tuple[tuple[int, tuple[str, ...]], ...], by_last_word: bool) -> dict[str, tuple[int, ...]]:
    """What each name may mean; with `by_last_word` "facial" is the HydraGlow Facial too."""
    meanings: dict[str, dict[int, None]] = {}
    for one, listed in names:
        said = [plain for name in listed if (plain := normal(name))]
        last = said[0].rpartition(" ")[2] if said and by_last_word else ""
        for name in [*said, *([last] if last and last not in _LIGHT else [])]:
            meanings.setdefault(name, {})[one] = None
    return {name: tuple(ids) for name, ids in meanings.items()}


_CLAUSE = re.compile(
    r"[.?!;\n]+"
    r"|,? (?:and|y|n) (?:also|then|can|could|do|is|what|when|how|i need|i want|tambien|quiero|puedo|cuando|cuanto) "
    r"|,? (?:also|tambien|by the way|btw|oh and|plus|another thing|ademas) "
)


def clauses(text: str, *, shortest: int = 3, most: int = 6) -> list[str]:
    """The parts of a text that could each be a request of its own; [] when there is only one."""
    joined = _CLAUSE.sub(lambda found: " | " + found[0].strip(" .?!;,\n"), text[:800])
    parts = [part.strip(" ,") for part in joined.split(" | ")]
    parts = [part for part in parts if len(part.split()) >= shortest]
    return parts[:most] if len(parts) > 1 else []
