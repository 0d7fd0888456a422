"""The many spellings of days and hours as one: "thrs", "jueves" -> "thu"; "2moro", "mañana" -> "tomorrow"."""

import re
import unicodedata

_APOSTROPHES = re.compile(r"['’‘`´ʼ]")
_KEPT = re.compile(r"[^a-z0-9:/$#%\-.,]+")
_STOPS = re.compile(r"(?<!\d)[.,:]|[.,:](?!\d)|(?<=\d)\.(?=\d{3})")

# In order: what is longer, or would be read wrongly after a later line, comes first.
_SPELLINGS = (
    # Spanish first: its words for days and hours hold others' letters.
    (r"\bpasado manana\b", "day after tomorrow"),
    (r"\b(?:por|en|de|a) la manana\b|\btempranito\b|\ben las mananas\b|\bpor las mananas\b", "morning"),
    (r"\b(?:por|en|a) la tarde\b|\b(?:por|en) las tardes\b", "afternoon"),
    (r"\b(?:por|en) la noche\b", "evening"),
    (r"\besta manana\b", "this morning"),
    (r"\besta tarde\b", "this afternoon"),
    (r"\besta noche\b", "tonight"),
    (r"\bmanana\b", "tomorrow"),
    (r"\bhoy\b", "today"),
    (r"\bfin(?:es)? de semana\b", "weekend"),
    (r"\b(?:la )?(?:proxima semana|semana proxima|semana que viene|otra semana)\b", "next week"),
    (r"\besta semana\b", "this week"),
    (r"\beste (?=weekend)", "this "),
    (r"\b(?:el )?(?:proximo mes|mes que viene)\b", "next month"),
    (r"\beste mes\b", "this month"),
    (r"\b(?:el )?proximo\b", "next"),
    (r"\bque viene\b", ""),
    (r"\b(?:a )?fin(?:al|es)? de mes\b", "end of month"),
    (r"\b(\d{1,2}(?::\d{2})?) de la tarde\b|\b(\d{1,2}(?::\d{2})?) de la noche\b", r"\1\2 pm"),
    (r"\b(\d{1,2}(?::\d{2})?) (?:y media)\b", r"\1:30"),
    (r"\bdespues de(?:l)?(?: las?)?\b|\ba partir de(?:l)?(?: las?)?\b|\bdesde(?: las?)?\b", "after"),
    (r"\bantes de(?:l)?(?: las?)?\b", "before"),
    (r"\bhasta(?: las?| el)?\b", "until"),
    (r"\bentre(?: las?| el)? (\d[\d:]*) y(?: las?)? (\d)", r"between \1 and \2"),
    (r"\bde (\d[\d:]*) a (\d)", r"from \1 to \2"),
    (r"\b(?:a|como a|sobre) las?\b", "at"),
    (r"\b(?:al? )?mediodia\b", "noon"),
    (r"\bmenos(?: el| los)?\b|\bexcepto(?: el| los)?\b|\bno puedo(?: el| los)?\b", "not"),
    (r"\ben (una|un|dos|tres|cuatro) (dia|semana|mes)(?:e?s)?\b", lambda found: _ahead(found)),
    (r"\b(\d{1,2}) de (?=[a-z])", r"\1 of "),
    (r"\blunes\b", "mon"),
    (r"\bmartes\b", "tue"),
    (r"\bmiercoles\b", "wed"),
    (r"\bjueves\b", "thu"),
    (r"\bviernes\b", "fri"),
    (r"\bsabados\b", "satz"),
    (r"\b(?:i|we|she|he) sat\b", ""),
    (r"\bsabado\b", "sat"),
    (r"\bdomingos\b", "sunz"),
    (r"\bdomingo\b", "sun"),
    (r"\b(?:el|los) (?=(?:mon|tue|wed|thu|fri|sat|sun))", ""),
    (r"\bo (?=mon|tue|wed|thu|fri|sat|sun|next)", "or "),
    (r"\benero\b", "jan"),
    (r"\bfebrero\b", "feb"),
    (r"\bmarzo\b", "mar"),
    (r"\babril\b", "apr"),
    (r"\bmayo\b", "may"),
    (r"\bjunio\b", "jun"),
    (r"\bjulio\b", "jul"),
    (r"\bagosto\b", "aug"),
    (r"\bse(?:p)?tiembre\b", "sep"),
    (r"\boctubre\b", "oct"),
    (r"\bnoviembre\b", "nov"),
    (r"\bdiciembre\b", "dec"),
    # English
    (r"\b(?:2moro|2morrow|tmrw|tmw|tmr|tmrow|tomorow|tommorow|tomorro|tommorrow|tomorrows|2mrw)\b", "tomorrow"),
    (r"\b(?:tdy|2day|todays)\b", "today"),
    (r"\b(?:2nite|tonite)\b", "tonight"),
    (r"\b(?:nxt|followin|following)\b", "next"),
    (r"\bwks?\b", "week"),
    (r"\b(?:wkend|wknd|wkends|week end)\b", "weekend"),
    (r"\bb4\b", "before"),
    (r"\baftr\b", "after"),
    (r"\bmond(?:ay|y)s\b", "monz"),
    (r"\bmonda?y\b", "mon"),
    (r"\btues?days\b", "tuez"),
    (r"\b(?:tues?day|tuesdy|tusday|tues)\b(?!days)", "tue"),
    (r"\bwed(?:nes|ns|nse)days\b", "wedz"),
    (r"\bwed(?:nes|ns|nse|es)?day\b|\bweds\b(?=$| (?:at|after|before|the|morning|or|and))", "wed"),
    (r"\bth(?:ur|urs|rus|u|rs)days\b", "thuz"),
    (r"\bth(?:ur|urs|rus|u|rs)da?y\b|\bthurs?\b|\bthrs\b|\bthr\b", "thu"),
    (r"\bfridays\b", "friz"),
    (r"\bfrida?y\b|\bfirday\b", "fri"),
    (r"\bsaturdays\b", "satz"),
    (r"\bsatu?rda?y\b", "sat"),
    (r"\bsundays\b", "sunz"),
    (r"\bsunda?y\b", "sun"),
    (r"\bjanuary\b", "jan"),
    (r"\bfebruary\b", "feb"),
    (r"\bmarch(?= \d| ?$| or)|(?<=in )march\b", "mar"),
    (r"\bapril\b", "apr"),
    (r"\bjune\b", "jun"),
    (r"\bjuly\b", "jul"),
    (r"\baugust\b", "aug"),
    (r"\bsept(?:ember)?\b", "sep"),
    (r"\boctober\b", "oct"),
    (r"\bnovember\b", "nov"),
    (r"\bdecember\b", "dec"),
    (r"\b(?:a couple(?: of)?|couple of)\b", "couple"),
    (r"\ba few\b", "few"),
    (r"\ban?\b(?= (?:week|day|month))", "a"),
    (r"\bend of the (?=day)", "end of "),
    (r"\b(end|beginning) of the\b", r"\1 of"),
    (r"\bearlier in\b", "early"),
    (r"\b(\d{1,2}) ?(?:oclock|o clock)\b", r"\1:00"),
    (r"(\d) ?a\.?m?\.?(?= |$)", r"\1 am"),
    (r"(\d) ?p\.?m?\.?(?= |$)", r"\1 pm"),
    (r"\bmornin\b|\bmorn\b", "morning"),
    (r"\bafternoons?\b|\baft\b|\bafternon\b", "afternoon"),
    (r"\bevenings?\b|\beve\b", "evening"),
    (r"\bmidday\b", "noon"),
    (r"\bor anytime after\b|\bany ?time after\b", "after"),
    (r"\bany ?time before\b", "before"),
    (r"\bhalf past (\d{1,2})\b", r"\1:30"),
)
_NUMBERS = {"un": "one", "una": "one", "dos": "two", "tres": "three", "cuatro": "four"}
_UNITS = {"dia": "day", "semana": "week", "mes": "month"}


def _ahead(found: re.Match[str]) -> str:
    return f"in {_NUMBERS[found[1]]} {_UNITS[found[2]]}s"


_COMPILED = tuple((re.compile(pattern), written) for pattern, written in _SPELLINGS)


def canonical(text: str) -> str:
    """Lower case, no accents, single spaces, one spelling; digits keep their colons, slashes and signs."""
    plain = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text[:1_600])).casefold().replace("@", " at ")
    plain = "".join(letter for letter in plain if unicodedata.category(letter) != "Mn")
    said = " ".join(_STOPS.sub(" ", _KEPT.sub(" ", plain)).split())
    for pattern, written in _COMPILED:
        said = pattern.sub(written, said)
    return " ".join(said.split())
