"""A text as the engine sees it: plain letters, chat abbreviations written out, slips of English words mended.

Abbreviations and the speller are for English only: they would turn "cita" into "city" (a fifth of Spanish was lost).
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

LONGEST = 1_600  # what a carrier delivers; longer is not a text
_NEAR_ENOUGH = 0.74  # of Damerau-Levenshtein, 0 to 1
_SHORTEST_MENDED = 4

_APOSTROPHES = re.compile(r"['’‘`´ʼ]")
_DRAWN_OUT = re.compile(r"([^\W\d])\1{2,}")  # "pleeease", "stoppp"
_SPACES = re.compile(r"[^\w$%#@/:?!.+\-]+|_+")
_MARKS = re.compile(r"([?!.])[?!.]*")

_ABBREVIATIONS = """
u=you ur=your urs=yours r=are y=why pls=please plz=please plss=please thx=thanks tx=thanks thnx=thanks thanx=thanks
ty=thank_you tysm=thank_you_so_much appt=appointment appts=appointments apt=appointment apts=appointments
appnt=appointment tmrw=tomorrow tmw=tomorrow tmr=tomorrow tmrrw=tomorrow 2morrow=tomorrow 2moro=tomorrow 2day=today
2nite=tonight tonite=tonight wat=what wut=what wats=what_is whats=what_is wen=when whens=when_is wheres=where_is
hows=how_is hv=have hav=have gotta=have_to wanna=want_to gonna=going_to gimme=give_me lemme=let_me cuz=because
bc=because coz=because cus=because w=with w/=with w/o=without wo=without acct=account pymt=payment pmt=payment
cc=credit_card msg=message msgs=messages txt=text txts=texts txting=texting resched=reschedule resch=reschedule
rn=right_now asap=as_soon_as_possible idk=i_do_not_know omw=on_my_way nvm=never_mind kk=ok dont=do_not cant=cannot
wont=will_not im=i_am ive=i_have didnt=did_not doesnt=does_not isnt=is_not wasnt=was_not havent=have_not
shouldnt=should_not couldnt=could_not wouldnt=would_not youre=you_are theyre=they_are thats=that_is theres=there_is
yall=you_all ppl=people mins=minutes hr=hour hrs=hours wk=week wks=weeks nxt=next mo=month mos=months mnth=month
yr=year yrs=years diff=different bday=birthday bff=friend sis=sister hubby=husband sry=sorry abt=about b4=before
l8r=later gr8=great def=definitely smth=something em=them til=until till=until membrship=membership
num=number gm=good_morning mon=monday tues=tuesday tue=tuesday wed=wednesday weds=wednesday thurs=thursday
thur=thursday thu=thursday fri=friday sat=saturday dnt=do_not cnt=cannot wnt=want n=and 4=for 2=to
addy=address sched=schedule rsvp=reserve jk=joking fb=facebook ig=instagram tho=though thru=through ya=you
"""
_WRITTEN_OUT = {
    short: long.replace("_", " ") for short, _, long in (pair.partition("=") for pair in _ABBREVIATIONS.split())
}
_STAY_NUMBERS = re.compile(r"(?:am|pm|months?|weeks?|days?|hours?|credits?|facials?|units?|people|appoint\w*|$)")


def plain(text: str) -> str:
    """Lower case, no accents, no invisible characters, one space between words; digits and ?!.$ stay."""
    folded = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text[:LONGEST])).casefold()
    folded = "".join(letter for letter in folded if unicodedata.category(letter) not in ("Mn", "Cf", "Cc", "Cs"))
    folded = _MARKS.sub(r" \1 ", _DRAWN_OUT.sub(r"\1\1", folded))
    return _SPACES.sub(" ", folded).strip()


def written_out(text: str) -> str:
    """The plain English text with its chat abbreviations as words."""
    words = text.split()
    out = []
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else ""
        is_number = word in ("2", "4") and (index == 0 or bool(_STAY_NUMBERS.match(following)))
        out.append(word if is_number else _WRITTEN_OUT.get(word, word))
    return " ".join(out)


class Speller:
    """Mends a word that nobody uses into the nearest word of our examples; known words are left alone."""

    def __init__(self, ours: Iterable[str], known: Iterable[str]) -> None:
        self._ours = sorted(word for word in ours if len(word) >= _SHORTEST_MENDED)
        self._left_alone = frozenset(known) | frozenset(self._ours)
        self._mend = lru_cache(maxsize=20_000)(self._nearest)

    def mended(self, text: str) -> str:
        return " ".join(self._mend(word) for word in text.split())

    def _nearest(self, word: str) -> str:
        if len(word) < _SHORTEST_MENDED or not word.isalpha() or len(word) > 24 or word in self._left_alone:
            return word
        found = process.extractOne(
            word, self._ours, scorer=DamerauLevenshtein.normalized_similarity, score_cutoff=_NEAR_ENOUGH
        )
        return str(found[0]) if found else word
