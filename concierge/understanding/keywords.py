"""The strict reader: it knows a few whole questions and abstains on everything else. Precision over recall.

A question about credits is taken only when nothing but the question is in the text, beside greetings and thanks:
"I want a refund of my credit" or "do I have a credit for the pain in my leg" is for a person.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from concierge.understanding import commands, visit_phrases
from concierge.understanding import language as languages
from concierge.understanding.base import Entities, Intent, Names, ServiceWords, Understanding
from concierge.understanding.phrases import Phrases, mend, normal

_SLOT = "@"  # stands where the text named a service

_CLAUSE_END = re.compile(r"[.,;:?!¿¡\n…]+")


class KeywordReader:
    def read(
        self,
        text: str,
        *,
        services: Sequence[ServiceWords],
        language: str,
        plans: Sequence[Names] = (),
        providers: Sequence[Names] = (),
    ) -> Understanding:
        words = normal(text)
        language = languages.of(text, default=language)
        certain = commands.read(text) or next((intent for said, intent in _ANYWHERE if said.found_in(words)), None)
        if certain:
            return Understanding(certain, 0.9, language)
        if _ASKS_IF_PERSON.found_in(words):
            return Understanding(Intent.OTHER, 0.9, language, Entities(asks_if_person=True))
        if _HUMAN.found_in(words):
            return Understanding(Intent.HUMAN, 0.9, language)
        if found := _about_credits(text, services, language):
            return found
        if words and all(_THANKS.found_in(clause) for clause in _clauses(text)):
            return Understanding(Intent.THANKS, 0.95, language)
        if wanted := visit_phrases.intent_of(words):
            return Understanding(wanted, 0.9, language, _services_named(words, services))
        if _AFFIRM.found_in(words):
            return Understanding(Intent.AFFIRM, 0.95, language)
        if _DENY.found_in(words):
            return Understanding(Intent.DENY, 0.95, language)
        return Understanding(Intent.OTHER, 0.0, language)


def named_sender(text: str) -> str:
    """The name that the sender gives themself before or after what they ask; '' without one."""
    return next((name for clause in _clauses(text) if (name := _bare(clause)[1])), "")


def asks_if_person(words: str) -> bool:
    """Whether the normal text asks what it is talking to (R155)."""
    return _ASKS_IF_PERSON.found_in(words)


def _about_credits(text: str, services: Sequence[ServiceWords], language: str) -> Understanding | None:
    """The question of one's balance, if every clause is that question or belongs beside it."""
    asked = False
    entities = Entities()
    for clause in _clauses(text):
        bare, says_name = _bare(clause)
        entities = replace(entities, says_name=entities.says_name or says_name)
        slotted, named = _with_slot(bare, services)
        if not slotted:
            continue
        if len(named) > 1 or (named and entities.service_ids and named[0] != entities.service_ids):
            return None  # one answer speaks of one service
        if slotted.startswith("i ") and "?" not in text and not _INDIRECTLY.search(clause):
            return None  # "I still have my facial credit": told, not asked
        if _BALANCE_EN.found_in(slotted):
            language = "en"
        elif _BALANCE_ES.found_in(slotted):
            language = "es"
        elif _BESIDE.found_in(slotted):
            continue
        else:
            return None
        asked = True
        entities = replace(
            entities,
            service_ids=named[0] if named else entities.service_ids,
            asks_whether=entities.asks_whether or (_WHETHER.found_in(slotted) and not _USED.found_in(slotted)),
        )
    return Understanding(Intent.CREDIT_BALANCE, 0.95, language, entities) if asked else None


def _services_named(words: str, services: Sequence[ServiceWords]) -> Entities:
    """What an appointment is wished for: the first service that the words name."""
    _, named = _with_slot(words, services)
    return Entities(service_ids=named[0] if named else ())


def _clauses(text: str) -> list[str]:
    return [clause for piece in _CLAUSE_END.split(text) if (clause := normal(piece))]


def _bare(clause: str) -> tuple[str, str]:
    """The clause without greeting, name, politeness and run-up, and the name if there was one."""
    previous, name = None, ""
    while clause != previous:
        previous = clause
        clause = _TRAILING.sub("", clause)
        found = _RUN_UP.match(clause)
        if found:
            name, clause = name or found["name"] or "", clause[found.end() :].strip()
    return clause, name


def _with_slot(clause: str, services: Sequence[ServiceWords]) -> tuple[str, list[tuple[int, ...]]]:
    """The clause with the names of services replaced by a slot, and for each slot the services it may mean."""
    meanings = _meanings(services)
    if not meanings:
        return clause, []
    spelling = frozenset(" ".join(meanings).split())
    clause = " ".join(mend(word, spelling) for word in clause.split())
    longest_first = "|".join(re.escape(name) for name in sorted(meanings, key=len, reverse=True))
    named: list[tuple[int, ...]] = []

    def slot(found: re.Match[str]) -> str:
        named.append(meanings[found[1]])
        return f" {_SLOT}"

    return re.sub(rf"(?: |^)({longest_first})(?:s|es)?(?= |$)", slot, clause).strip(), named


def _meanings(services: Sequence[ServiceWords]) -> dict[str, tuple[int, ...]]:
    """What each name or nickname may mean; a word that ends a service's name means that one too.

    "Facial" is also the HydraGlow Facial, though only the Signature Facial lists it as its nickname.
    """
    meanings: dict[str, dict[int, None]] = {}
    for service in services:
        names = [normal(name) for name in service.names]
        last = names[0].rpartition(" ")[2] if names else ""
        for name in [*names, "" if last in _SAYS_NOTHING else last]:
            if name:
                meanings.setdefault(name, {})[service.service_id] = None
    return {name: tuple(ids) for name, ids in meanings.items()}


_SAYS_NOTHING = frozenset({"treatment", "therapy", "service", "session", "removal", "credit", "visit", "plan"})

_RUN_UP = re.compile(
    r"^(?:hi|hello|hey|hiya|heya|yo|good (?:morning|afternoon|evening)|there|team|guys|everyone|ok|okay|so|and|also|um|"
    r"please|pls|quick question|question|i have a (?:quick )?question|sorry|excuse me|thanks|thank you|"
    r"(?:i was |im |i am |was |am )?(?:just )?(?:wondering|curious|checking|asking)(?: if| whether| to see if)?|"
    r"(?:can|could|would|will) (?:you|u|someone) (?:please |pls |kindly )?"
    r"(?:check|see|tell me|let me know|confirm|verify)(?: if| whether| for me if)?|"
    r"do you know(?: if)?|(?:id like|i would like|i want|i need) to know(?: if)?|"
    r"(?:please |pls )?(?:tell me|let me know|check|remind me)(?: if| whether)?|"
    r"(?:its|it is|this is|soy|habla|les habla) (?P<name>(?!not |no |the |my |a )\w+(?: \w+)?)(?: here)?"
    r"(?= (?:do|how|have|any|what|can|could|me|tengo|todavia|aun|cuantos|cuantas|just|quick)\b|$)|"
    r"hola|buenos dias|buenas tardes|buenas noches|buenas|buen dia|oye|oiga|disculp\w*|perdon|una pregunta|pregunta|"
    r"por favor|porfa|gracias|quisiera saber(?: si)?|queria saber(?: si)?|quiero saber(?: si)?|"
    r"(?:me )?(?:puede|pueden|podria|podrian|puedes)(?: decirme| decir| confirmar| checar| revisar)(?: si)?)(?: |$)"
)
_TRAILING = re.compile(
    r"(?:^| )(?:please|pls|plz|thanks|thank you|thx|ty|so much|por favor|porfa|muchas gracias|gracias)$"
)

_INDIRECTLY = re.compile(r"\b(?:if|whether|wondering|checking|check|confirm|verify|know)\b")

_ONE = "?any|my|a|an|the|some|that|one|all ?of ?my ?more ?unused|available|free|monthly|membership|included|extra"
_CREDIT = "credit|credits"
_LEFT = "left|lef|remaining|available|leftover|unused"
_WHERE = (
    "?available|unused|there ?on|in|for|to|with|from ?my|the|this|use ?account|plan|membership|month ?right ?now|yet"
)
_BALANCE_EN = Phrases(
    (
        f"^ ?do|did i ?do ?still ?even|already have|has|hav|hve|got {_ONE} ?@ {_CREDIT} ?@ ?{_LEFT} {_WHERE} $",
        f"^ ?do i ?still ?even have|got ?any|a|my|some ?more|free|unused @ {_LEFT} {_WHERE} $",
        f"^ have i ?still got {_ONE} ?@ {_CREDIT} ?{_LEFT} {_WHERE} $",
        f"^ how many|much ?of ?my ?unused|free|more ?@ {_CREDIT} do i ?still ?currently have|got ?{_LEFT} {_WHERE} $",
        f"^ how many|much ?of ?my ?more ?@ {_CREDIT} ?are|is|have|do|i ?there|i|got ?still|got|have {_LEFT} {_WHERE} $",
        f"^ how many|much ?more @ do i ?still have|got {_LEFT} {_WHERE} $",
        f"^ what|whats|wats ?is|are|s my ?@ {_CREDIT} balance|status $",
        f"^ ?whats|check|show ?my|the|our ?@ {_CREDIT} balance|status $",
        f"^ ?whats balance of|on|for my ?@ {_CREDIT} $",
        f"^ is|are ?there ?my|the|any ?@ {_CREDIT} ?still there|good|valid|active|{_LEFT} {_WHERE} $",
        f"^ ?got any ?more ?@ {_CREDIT} {_LEFT} {_WHERE} $",
        f"^ ?got any ?more @ {_LEFT} {_WHERE} $",
        f"^ did|have i ?already use|used ?up ?all ?of ?my ?the ?@ {_CREDIT} ?yet|already|this ?month $",
    )
)
_CREDITO = "credito|creditos|credit|credits"
_CUAL = "?algun|alguno|algunos|mi|mis|un|unos|el|los|de ?mi|mis|mas"
_SOBRA = "?disponible|disponibles|restante|restantes|sin ?usar ?en|este|para|de ?mi|la|mes ?cuenta|membresia|plan"
_AUN = "?todavia|aun"
_BALANCE_ES = Phrases(
    (
        f"^ {_AUN} ?ya ?me queda|quedan|tengo|hay {_AUN} {_CUAL} ?@ {_CREDITO} ?de|del|para ?mi|un|el ?@ {_SOBRA} $",
        f"^ {_AUN} ?ya me queda|quedan {_AUN} {_CUAL} @ {_SOBRA} $",
        f"^ cuantos|cuantas ?@ {_CREDITO} ?de|del|para ?mi ?@ {_AUN} ?me quedan|queda|tengo|hay {_AUN} {_SOBRA} $",
        f"^ cuantos|cuantas @ {_AUN} me quedan|queda {_SOBRA} $",
        f"^ ?cual ?es mi|el saldo ?de|en ?mi|mis {_CREDITO} ?de ?@ $",
        f"^ ?ya use ?todos ?mi|mis {_CREDITO} ?de ?@ $",
    )
)
_USED = Phrases(("use|used|using|uso",))  # "have I used it?": "yes, you have one" would say the opposite
_WHETHER = Phrases(("^ do|have|is|are|any|i|got", "^ todavia|aun|ya|me|tengo|hay|queda|quedan"))
# What may stand beside the question, because the answer offers times anyway.
_BESIDE = Phrases(
    (
        "^ ?if ?so ?and i|id ?would want|like|love|need ?to book|schedule|use|come ?it|in|one|them ?soon|please $",
        "^ quiero|quisiera|me gustaria usarlo|reservar|agendar|ir $",
        "^ its|this|im|soy @ $",
    )
)

_ASKS_IF_PERSON = Phrases(
    (
        "are|r|is you|u|this|it ~ real|human|person|bot|robot|ai|machine|automated|computer|chatbot",
        "you|u|this|it ?is|are|a|an ?real bot|robot|ai|chatbot|human",
        "am i ~ talking|texting|speaking|chatting ~ person|human|bot|robot|machine|ai|computer",
        "who|what am i talking|texting|speaking|chatting",
        "eres|es|sos ~ robot|humano|humana|bot|maquina|persona|real",
        "estoy hablando con ~ robot|humano|bot|maquina|persona",
    )
)

_STAFF = "person|human|someone|somebody|anyone|agent|manager|representative|rep|staff|receptionist|owner|supervisor"
_HUMAN = Phrases(
    (
        f"talk|speak|chat|connect|transfer|reach|text ~ {_STAFF}|doctor|nurse|people",
        f"^ ?a ?real ?live ?{_STAFF} ?please|pls|now $",
        "real|actual|live person|human|people",
        f"get|need|want ?me ?to ?a|an|your|the ?real ?actual {_STAFF}",
        "call me",
        f"{_STAFF} ?please ?to call|contact|help|text me|us",
        "front desk",
        "no bot|bots|robot|robots",
        "hablar con ~ persona|alguien|agente|gerente|humano|representante|encargad*|duen*",
        "^ ?una|un persona|agente|humano|gerente|representante|asesor ?por ?favor $",
        "persona real",
        "llamenme|llameme|llamarme|llamen",
    )
)

_COMPLAINT = Phrases(
    (
        "refund|refunds|refunded|reembolso|reembolsen|devolucion|reimburse*",
        "money back",
        "chargeback|charge ?me ?back|dispute|disputing",
        "charged me|twice|again|wrong|without",
        "lawyer|attorney|lawsuit|suing|sue|abogado|abogada|demanda*|demandar*",
        "better business|bbb",
        "complaint|complaints|complain|complaining|queja|reclamo",
        "ridiculous|unacceptable|outrageous|furious|disgusted|disgusting|pissed|angry|upset|frustrated|frustrating",
        "scam|scammers|fraud|ripoff|thieves|thief|robbed|stole|stealing|liars|liar|lied|lying|bullshit|wtf|fuck*|shit*",
        "ripped off",
        "worst|terrible|horrible|awful|sucks|rude|incompetent|pathetic",
        "bad|negative|star|honest review",
        "leave|leaving|write|post ~ review",
        "never coming|going back",
        "fed up|sick of|tired of",
        "estafa|estafadores|enojad*|furios*|pesim*|ladrones|ridiculo|inaceptable|molest*|grosero*|grosera*|harta|harto",
    )
)
_CANCEL = Phrases(
    (
        "cancel|end|terminate|quit|stop|close|drop|leave|cancelling|canceling|cancellation ~ "
        "membership|memberships|subscription|plan|account|contract",
        "membership|subscription|plan ~ cancel|canceled|cancelled|cancellation|terminated",
        "darme|dame|denme|deme|dar de baja",
        "cancelar|cancelen|cancela|cancelo|terminar|baja ~ membresia|suscripcion|plan|cuenta",
        "^ ?please cancel ?it ?please $",
    )
)
_THANKS = Phrases(
    (
        "^ ?ok|okay|great|perfect|awesome|cool ?many thanks|thank|thx|ty|tysm|thankyou ?you|u|again ?so|very ?much $",
        "^ ?ok|okay|great|perfect|awesome|cool|yay|got|sounds ?it|good ?great ?thanks|thx $",
        "^ ?ok|muchas|mil gracias|grax ?igualmente $",
        "^ ?muy perfecto|genial|excelente ?gracias $",
        "^ see you|u ?soon|then|there $",
    )
)
_AFFIRM = Phrases(("^ yes|yeah|yep|yup|sure|ok|okay|y|si|claro|ya ?please|pls|sure|si ?por ?favor $",))
_DENY = Phrases(
    (
        "^ no|nope|nah ?im ?good ?thanks|thank|thx|gracias|ty ?you $",
        "^ ?no ?thanks maybe|not|neither ?right now|later|yet|work|works $",
        "^ neither|none ?of ?these|those|them ?works|work ?for ?me ?thanks $",
        "^ ?no por ahora|el ?momento ?no ?gracias $",
        "^ ahora no ?gracias $",
    )
)
_ANYWHERE = ((_COMPLAINT, Intent.COMPLAINT), (_CANCEL, Intent.CANCEL_MEMBERSHIP))
