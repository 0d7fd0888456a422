"""What the line does next, and the TwiML that says so. Only here is TwiML built (settled.md 9)."""

from dataclasses import dataclass

from django.conf import settings
from twilio.twiml.voice_response import Gather, VoiceResponse

_LANGUAGES = {"en": "en-US", "es": "es-US"}
_VOICES = {"en": "Polly.Joanna", "es": "Polly.Lupe"}
LISTENS_SECONDS = 6
RINGS_SECONDS = 25


@dataclass(frozen=True)
class Answer:
    """One turn of the line: words, then at most one of `asks`, `waits`, `dials`; none of them: it hangs up.

    asks, waits and `after_dial` are paths of our doors; `dials` is E.164.
    """

    words: str
    language: str = "en"
    asks: str = ""
    waits: str = ""
    dials: str = ""
    after_dial: str = ""
    hints: str = ""


def twiml(answer: Answer) -> str:
    """Content type: text/xml. Keys and speech both, and an empty answer comes back to us too (R82)."""
    response = VoiceResponse()
    said = {"language": _LANGUAGES[answer.language], "voice": _VOICES[answer.language]}
    if answer.asks:
        gather = Gather(
            input="dtmf speech",
            num_digits=1,
            timeout=LISTENS_SECONDS,
            speech_timeout="auto",
            action=_url(answer.asks),
            method="POST",
            action_on_empty_result=True,
            hints=answer.hints,
            language=_LANGUAGES[answer.language],
        )
        gather.say(answer.words, **said)
        response.append(gather)
        return str(response)
    if answer.words:
        response.say(answer.words, **said)
    if answer.waits:
        response.pause(length=1)  # R81: never more than two seconds of silence
        response.redirect(_url(answer.waits), method="POST")
    elif answer.dials:
        dial = response.dial(
            action=_url(answer.after_dial),
            method="POST",
            timeout=RINGS_SECONDS,
            record="do-not-record",  # R46
            caller_id=settings.TWILIO_FROM_NUMBER,
        )
        dial.number(answer.dials)
    else:
        response.hangup()
    return str(response)


def _url(path: str) -> str:
    return str(settings.PUBLIC_BASE_URL) + path
