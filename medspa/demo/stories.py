"""What to try in the demo, in the order in which it makes sense."""

from dataclasses import dataclass

from medspa.demo.seeding import cast


@dataclass(frozen=True)
class Story:
    title: str
    who: str
    number: str
    steps: tuple[str, ...]


STORIES = (
    Story(
        "A failed payment, recovered",
        "Maya Bennett",
        cast.MAYA,
        (
            "On her phone press “Fail the payment”. In a few seconds a text comes.",
            "Open the link in it and choose the card 4242: the open invoice is paid at once.",
            "See the thank-you text, then her timeline in the staff portal.",
        ),
    ),
    Story(
        "A question about credits",
        "Priya Nair",
        cast.PRIYA,
        ("Text “Do I still have my HydraGlow credit?” and read the balance and two times.", "Take one: text “1”."),
    ),
    Story(
        "In Spanish",
        "Sofia Reyes",
        cast.SOFIA,
        ("Text “¿Todavía tengo mi crédito de facial?”.", "Fail her payment: the text about it is in Spanish too."),
    ),
    Story(
        "STOP means stop",
        "Nora Walsh",
        cast.NORA,
        ("Text “STOP”, then fail her payment: no text goes out.", "The portal shows why, and a person gets a case."),
    ),
    Story(
        "It failed a second time",
        "Grace Kim",
        cast.GRACE,
        ("Her card failed last month already. Fail it again: one text, then straight to a person.",),
    ),
    Story(
        "Something only a person can answer",
        "Claire Donovan",
        cast.CLAIRE,
        (
            "Text “Can I bring my dog?”. She is told who answers, and when.",
            "Find the case under Escalations and reply.",
        ),
    ),
)
