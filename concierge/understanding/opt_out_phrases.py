"""How people ask to be left alone, in English and Spanish (R29), and how they say that it is a wrong number (R15)."""

from concierge.understanding.phrases import Phrases

KEPT = Phrases(  # about texts, but no wish to end them
    (
        "you|u|they|guys|yall dont|do|never ?not ?ever text|message|contact|write",
        "dont|do ?not text|message|contact ?me before|after|at|during|between|on|until|about|while|here",
        "dont|do ?not want to miss|lose ~ texts|messages",
    )
)
_TEXTS = "texts|text|texting|messages|messaging|msgs|sms|spam"
OPT_OUT = Phrases(
    (
        "stop|quit|cease ~ texting|messaging|contacting|bothering|spamming|harassing|bugging",
        f"stop|quit ~ sending ~ {_TEXTS}|these|this|those|stuff|anything|crap|me",
        f"stop ?all ?of ?these|the|your|this {_TEXTS}",
        "^ ?please ?just stop ?stop ?it|now|please|already|this|them|that|pls|plz|thanks $",
        "^ sotp|st0p|stpo|tsop|stopp|stip|stop|stopall ?all|please|pls|plz|me|now ?please|thanks|everything $",
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
        "dont|do ?not|never ?you ?ever ?call ?or text|message|msg|contact|txt $",
        "dont|do ?not|never ever text|message|msg|contact|txt|bother",
        "^ never text|message|msg|contact|txt me|us|this",
        f"^ ?please no ?more {_TEXTS} ?please|pls|thanks $",
        "^ ?please no more ?please|pls|thanks|thank ?you $",
        "^ ?please ?thats enough ?please|already|is ?enough $",
        f"enough|tired|sick ~ ?your|these|the|all {_TEXTS}",
        "^ ?please|just go away ?please|now $",
        "^ ?just fuck|piss|bug|buzz off ?you|already|now $",
        "^ ?just get lost $",
        "^ shut up|it ?already|please $",
        "^ quit ?it|this|already|now|please $",
        "cease ?and desist",
        "^ not interested ~ stop $",
        "^ no|ok|okay|yes|hey|thanks stop $",
        f"turn|switch|shut ?off ?all ?of ?these|the|your|my {_TEXTS} ?off ?please $",
        "^ ?please turn|switch these|this|them off ?please $",
        f"cancel|end ?all ?of ?the|these|your|my {_TEXTS}",
        f"stop|quit receiv*|getting ~ {_TEXTS}",
        "stop|quit receiv* these|them|this|anything",
        f"no longer|not ?do want|wish|like|care ~ {_TEXTS}",
        "^ ~ can|could|will|would you|u|yall ?guys ?please|pls|just stop ?it|this|please|now $",
        "revoke|withdraw|withdrawing|revoking ?my consent|permission",
        "never|didnt|dont|havent ?did ?not gave|give|given you|u|yall|any consent|permission $",
        "consent|permission to text|message|contact|be ?texted|messaged|contacted",
        "didnt|never|did ?not sign|signed|subscribe|subscribed ?up ?for|to this|these|that $",
        f"didnt|never|did ?not sign|signed|agree|agreed|subscribe|subscribed ?up ?for|to ?these|your|the {_TEXTS}",
        "get|want|take|put ?me|us|my ?number off ?of ?this|your|the|any list|lists",
        "take|get us|my ?number|phone ?number off",
        f"no more {_TEXTS}",
        f"dont|do ?not want|wanna|need ~ {_TEXTS}",
        f"not interested in ~ {_TEXTS}",
        "block* ~ this|your number",
        "^ ?you ?youre ?are ?im ?i blocked|blocking ?you|u $",
        "^ spam $",
        "this|these|that is|are ?all spam",
        "report* ?you|this|it|these ~ spam|ftc|fcc",
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
        "^ ?ya alto|basta|detener|detengan|paren|parar|baja|salir|arret ?ya ?por ?favor $",
        "^ ~ darme|dame|denme|deme|dar de baja ?por ?favor ?ya ?gracias $",
        "no quiero|deseo recibir ?mas ?nada $",
    )
)

WRONG_NUMBER = Phrases(
    (
        "wrong number|phone|num",
        "^ ?sorry ?you ?u ?have|got ?the wrong person ?sorry $",
        "you|u|youve|youre have|got|texting|texted the wrong number|person|phone|guy|girl|lady|one",
        "doesnt|not|longer have|has|own|use this number|phone",
        "new|different owner of ?this number|phone",
        "numero equivocado|incorrecto",
        "se equivoc* de numero",
    )
)

# What the practice would want to hear from somebody who also wants no more texts.
BUSINESS = Phrases(
    (
        "appointment*|book|booking|booked|reschedule|rescheduled|visit|credit|credits|facial|treatment|results",
        "charge|charged|charges|charging|pay|paid|payment*|bill|billed|billing|card|owe|invoice|money|price",
        "membership|member|plan|account|autopay|pause|freeze|cancel|cancelled|canceled",
        "cita|citas|credito*|cargo*|cobro|cobraron|cobran|pago|tarjeta|membresia|cuenta|factura|dinero",
    )
)
