"""What must not wait for understanding: emergencies (R159-R161, R165) and "leave me alone" in people's own words (R29).

Recall first: an uncertain case counts as an emergency, because a miss costs far more than a false page (R161). The
few harmless sayings that would page somebody every week are taken out before the lists are asked.
"""

from enum import StrEnum

from concierge.understanding.phrases import Phrases, normal


class Emergency(StrEnum):
    TIER_1 = "tier_1"  # call 911 now
    TIER_2 = "tier_2"  # a clinician must see this now
    SELF_HARM = "self_harm"


def emergency(text: str) -> Emergency | None:
    """The gravest kind of emergency that the text may speak of."""
    words = _HARMLESS.without(normal(text))
    if _SELF_HARM.found_in(words):
        return Emergency.SELF_HARM
    if _TIER_1.found_in(words):
        return Emergency.TIER_1
    return Emergency.TIER_2 if _TIER_2.found_in(words) else None


def wants_out(text: str) -> bool:
    """Whether a reasonable person would read it as "send me no more texts" (R29), or as a wrong number (R15)."""
    return _OPT_OUT.found_in(_KEPT.without(normal(text))) or says_wrong_number(text)


def says_wrong_number(text: str) -> bool:
    return _WRONG_NUMBER.found_in(normal(text))


_SEEN_ON_A_SCREEN = (
    "appointment*|link*|text*|message*|balance|credit*|account|app|portal|email*|times|options|page|website|invoice*"
    "|receipt|card|calendar|booking*|price*|details|schedule|membership"
)
_HARMLESS = Phrases(
    (
        f"cant|cannot|unable ?to see ~ {_SEEN_ON_A_SCREEN}",
        "cant|cannot see ~ point|value|benefit*|reason*|difference|result*|change*|improvement*",
        "cant|cannot see you|her|him|them|anyone|anybody|why|how|what|where|when|it|that|myself|dr|doctor",
        "cant|cannot talk|speak right|now|rn|on|until|till|today|at|because|to|with|about|im",
        "price*|fee*|cost|increase|bill|charge* ~ hard to swallow",
        "not|isnt|no ?a|an ?real|medical emergency|urgent",
        "dying to|for|laughing",
        "^ does|will|would ~ hurt",
        "black friday",
        "no puedo hablar ahora|ahorita|hoy|por|con",
        f"no puedo ver ~ cita*|enlace|mensaje*|saldo|credito*|cuenta|correo|pagina|factura|tarjeta|{_SEEN_ON_A_SCREEN}",
        "no es ?una emergencia|urgente|urgencia",
    )
)

_HARDLY = (
    "cant|cannot|cnt|couldnt|unable|hardly|barely|struggling|struggle|trouble|difficulty|difficult|hard|harder|problem*"
)
_SWOLLEN = "swelling|swell*|swollen|swelled|puffy|tight|tight*|closing|clos*|thick|itch*"
_TIER_1 = Phrases(
    (
        f"{_HARDLY} ~ breathe|breath|breathing|breathin|swallow|swallowing",
        "can not ~ breathe|breath|swallow|speak|see",
        "not|isnt|stopped|stops breathing",
        "short|shortness|out of breath",
        "breathless",
        "catch my breath",
        "wheezing|wheez*",
        "choking|chok*",
        "gasping",
        "suffocating|suffocat*",
        "cant|cannot|unable ?to speak|talk",
        "trouble|difficulty|hard ?time ?to speaking|talking|speak|talk",
        f"throat|tongue|tounge|airway ~ {_SWOLLEN}",
        "swell*|swollen|puffy|tight* ~ throat|tongue|tounge|airway",
        "chest ~ pain*|hurt*|tight*|pressure|heavy|heaviness|ach*|burn*",
        "pain*|pressure|tight*|heaviness ~ chest",
        "heart attack",
        "heart ?is|keeps|was ?still racing|pounding|stopped",
        "fainted|fainting",
        "feel|feeling|going|about ~ faint",
        "pass|passed|passing|black|blacked|blacking|blacks out",
        "unconscious|unresponsive",
        "lost|losing|loses consciousness",
        "collapsed|collaps*",
        "seizure|seizures|seizing|convulsion|convulsions|convuls*",
        "stroke",
        "slur*|slurred speech|words|speaking|talking",
        "speech|words ~ slur*",
        "face|mouth|smile ~ droop*|sagging|paralyz*",
        "one|left|right|whole|half side ~ numb*|weak*|paralyz*|droop*",
        "cant|cannot ~ move|feel ~ arm*|leg*|face|side|hand*",
        "cant|cannot|cnt|unable|barely|hardly ?to see",
        "lost|losing|lose|loss ~ vision|sight|eyesight",
        "vision|sight|eyesight ~ gone|lost|loss|losing|blur*|double|black|dark|cloudy|tunnel|chang*|fuzzy|worse",
        "blur*|double|tunnel|cloudy|fuzzy vision|sight",
        "seeing|see double|black|flashes",
        "seeing spots|stars|floaters",
        "everything ~ blur*|black|dark",
        "went|going|gone|go|im|am|suddenly blind",
        "blindness",
        "eye|eyes|eyeball ~ pain*|hurt*|kill*|burn*|ach*|throb*",
        "pain*|hurt* ~ eye|eyes|eyeball",
        "allergic|allerg* ~ reaction|react*",
        "reaction ~ allerg*",
        "anaphylaxis|anaphyla*|anafila*|anaphila*",
        "epipen|epi ?pen",
        "911",
        "9 1 1",
        "ambulance",
        "emergency",
        "im|am dying",
        "overdose|overdosed|overdos*",
        "wont|cant|doesnt|not ~ stop|stopping ~ bleeding",
        "bleeding ~ wont|cant|doesnt|not|lot|heavily|bad|badly|everywhere",
        "cough*|vomit*|throwing|spitting ?up blood",
        # Spanish
        "no puedo|puede ?casi|ni ?bien respir*|tragar|hablar|ver",
        "cuesta|dificultad|dificil|trabajo|apenas ~ respir*|tragar",
        "falta|faltando ~ aire|aliento",
        "sin aire|aliento",
        "ahog*|asfixi*",
        "garganta|lengua ~ cierr*|cerr*|hinch*|inflam*|apriet*",
        "hinch*|inflam*|cierr*|cerr* ~ garganta|lengua",
        "dolor|duele|presion|opresion|aprieta|apreton ~ pecho",
        "pecho ~ duele|dolor|aprieta|presion",
        "desmay*",
        "inconsciente|convuls*|derrame|infarto|ataque cardiaco|epileptico",
        "convuls*|infarto",
        "ataque ~ corazon",
        "no veo nada|bien|de|con|por",
        "no veo $",
        "veo borroso|doble|manchas|negro|todo",
        "perdi|perdiendo|perdida|perder ~ vista|vision",
        "vista|vision borros*|doble|nublad*",
        "ciego|ciega",
        "dolor|duele|duelen|arde|arden ~ ojo|ojos",
        "ojo|ojos ~ duele|duelen|dolor",
        "reaccion* ~ alergic*",
        "anafila*",
        "ambulancia|emergencia|urgencias",
        "cara|boca ~ caida|paraliz*|torcida",
        "me ~ muriendo",
        "no para|deja de sangrar",
    )
)

_COLOUR = "white|whitish|blanch*|pale|mottled|blue|bluish|grey|gray|greyish|grayish|purple|purplish|black|dusky"
_PLACE = "skin|area|spot|spots|patch|patches|lip|lips|nose|cheek|cheeks|chin|forehead|finger*"
_STRONG = (
    "severe|severely|intense|extreme|unbearable|excruciating|terrible|horrible|worst|worse|worsening|sharp|throbbing"
    "|awful|insane|stabbing|bad|badly|increasing|rising|crazy"
)
_TIER_2 = Phrases(
    (
        f"{_PLACE} ~ {_COLOUR}",
        "white|blanch*|pale|mottled|blue|bluish|grey|gray|purple|dusky skin|area|patch|patches|lip|lips|nose|spots",
        f"turn* ~ {_COLOUR}",
        f"going|gone|went ?all {_COLOUR}",
        "blanching|mottled|blanch*|mottl*|necro*|occlusion",
        f"{_STRONG} ~ pain*|headache|migraine|ache|cramp*",
        f"pain*|hurt*|aching|headache ~ {_STRONG}|more|lot",
        "so|too|this ?much pain",
        "so|too|this much ~ pain*",
        "lot|lots|tons of pain",
        "in ?constant|serious|real pain",
        "pain ~ wont|not|doesnt ~ stop|away|better",
        "hurts ~ so|much|lot|bad|like",
        f"{_PLACE} ~ cold|freezing|icy",
        "cold ?to ?the touch|skin|area|spot|patch",
        "blister|blisters|blister*",
        "spread* ~ numb*|rash|redness|red",
        "numb*|rash|redness|red ~ spread*|worse|growing",
        "still|getting|completely numb",
        "drooping|droops|drooped|ptosis",
        "eyelid*|brow|smile ~ dropped|drops",
        "droopy ~ after|since|now|suddenly|botox|today|yesterday",
        "now|suddenly|got|became ~ droopy",
        "fever|fever*|chills",
        "temperature of|over",
        "pus|oozing|ooze|infected|infection|infect*",
        "lip|lips|face|eye|eyes|eyelid* ~ swollen|swelled|swelling|balloon*",
        "swollen|swelling ~ lip|lips|face|eye|eyes|eyelid*",
        "hives",
        "rash all",
        # Spanish
        "piel|zona|area|labio|labios|nariz|mejilla|mancha ~ blanc*|palid*|azul*|gris*|morad*|negr*|fria|frio",
        "dolor|duele ~ fuerte|intenso|insoportable|severo|terrible|horrible|peor|aument*|mucho|muchisimo|empeor*",
        "mucho|muchisimo|fuerte|intenso dolor",
        "ampolla*",
        "entumecimiento|entumecid*|adormec* ~ extiend*|exten*|peor|aument*",
        "parpado* ~ caid*|cae*|caye*",
        "cae ~ parpado*",
        "fiebre|calentura|escalofrio*",
        "infect*|infeccion|supura*",
        "labio*|cara|ojo*|parpado* ~ hinchad*|hinch*",
        "hinch* ~ labio*|cara|ojo*|parpado*",
        "ronchas|urticaria",
    )
)

_SELF_HARM = Phrases(
    (
        "kill|killing|hurting|harming|cutting myself",
        "want|wanna|going|gonna|might|will ~ hurt|harm|cut myself",
        "suicide|suicidal|suicid*|unalive",
        "kms",
        "end|ending|take|taking my|my ?own life",
        "end|ending it all",
        "want|wanna|wish ~ die|dead",
        "dont|not want|wanna ~ live|alive|exist",
        "dont|not want|wanna ~ be here anymore",
        "better off dead|without me",
        "no reason to live",
        # Spanish
        "matarme|suicid*|cortarme",
        "quitarme|acabar ~ vida",
        "quiero|quisiera morir|morirme",
        "no quiero ~ vivir",
        "hacerme dano",
        "mejor muert*",
    )
)

_KEPT = Phrases(  # about texts, but no wish to end them
    (
        "you|u|they|guys|yall dont|do|never ?not ?ever text|message|contact|write",
        "dont|do ?not text|message|contact ?me before|after|at|during|between|on|until|about|while|here",
        "dont|do ?not want to miss|lose ~ texts|messages",
    )
)
_TEXTS = "texts|text|texting|messages|messaging|msgs|sms|spam"
_OPT_OUT = Phrases(
    (
        "stop|quit|cease ~ texting|messaging|contacting|bothering|spamming|harassing|bugging",
        f"stop|quit ~ sending ~ {_TEXTS}|these|this|those|stuff|anything|crap|me",
        f"stop ?all ?of ?these|the|your|this {_TEXTS}",
        "^ ?please ?just stop ?stop ?it|now|please|already|this|them|that|pls|plz|thanks $",
        "^ sotp|stpo|tsop|stopp|stip|stop|stopall ?all|please|pls|plz|me|now ?please|thanks|everything $",
        "^ unsubscribe|unsubcribe|unsuscribe|unsub ?me|please|now $",
        f"unsubscribe|unsub me|from|this|{_TEXTS}",
        "want|like|need to unsubscribe",
        "opt ?me out",
        "optout",
        "leave ?me|us alone",
        "leave me the|tf ~ alone",
        "lose|delete|erase|forget my|this|our number|phone|contact",
        "remove|delete|erase ?my|this number",
        f"remove|take|drop|delete me ?off ?from ?of ?your|this|the|any|all ?text|mailing list|lists|{_TEXTS}",
        "remove|take me ?off ?please|pls|now $",
        "dont|do ?not text|message|msg|contact|bother|txt me|us|this|again|anymore",
        "dont|do ?not text|message|msg|contact|txt $",
        f"no more {_TEXTS}",
        f"dont|do ?not want|wanna|need ~ {_TEXTS}",
        f"not interested in ~ {_TEXTS}",
        "block* ~ this|your number",
        # Spanish
        "^ ?ya no mas ?por ?favor ?gracias $",
        "no mas|quiero|deseo ~ mensajes|textos|mensaje|sms|msjs",
        "no me escriba*|escriban|manden|mande|envien|envie|contacten|contacte|texteen|textee|molesten|moleste|busquen",
        "ya no ~ escriban|escriba|manden|mande|envien|mensajes|textos|molesten",
        "dejen|deje|deja|paren|pare|para de escribir*|mandar*|enviar*|molestar*|textear*",
        "dejenme|dejeme|dejame en paz",
        "quitenme|quiteme|sacarme|saquenme|saqueme|borrenme|borreme|eliminenme ~ lista|mensajes|textos",
        "quitenme|quiteme|saquenme|saqueme|borrenme|borreme|eliminenme $",
        "borren|borre|olviden|olvide|eliminen|elimine|quiten|quite mi|este numero",
        "dar*|dame|denme de baja ~ mensajes|textos|lista",
        "cancelar|cancelen ~ mensajes|textos",
        "^ alto|basta|detener ?ya ?por ?favor $",
    )
)

_WRONG_NUMBER = Phrases(
    (
        "wrong number|person|phone|num",
        "have|got the wrong",
        "numero equivocado|incorrecto",
        "se equivoc* de numero",
    )
)
