"""Emergencies and opt-outs in people's own words (R29, R159-R161, R165)."""

import random
import string
import time

import pytest

from concierge.understanding import safety
from concierge.understanding.safety import Emergency

TIER_1 = """
I can't breathe
cant breath
Help I cannot breathe properly
i cant breeth
C A N T breathe, i cant breathe
having trouble breathing
it's difficult to swallow
struggling to breathe
short of breath
I'm wheezing
I am choking
my throat is closing up
my throat feels tight
my tounge is swelling
swollen throat
chest pain
my chest hurts
tightness in chest
I think I'm having a heart attack
i fainted after the injection
feel like I'm going to faint
I passed out
she is unconscious
having a seizure
i think its a stroke
slurred speech
my face is drooping on one side
left side is numb
can't move my arm
I can't see!!
i cant see out of my left eye
lost vision in one eye
my vision is blurry
everything went black
seeing double
i went blind
my eye really hurts
severe eye pain
allergic reaction
I think I am having an alergic reaction
anaphylaxis
used my epipen
should i call 911
this is an emergency
EMERGENCY
unable to speak
bleeding wont stop
I can’t breathe
STOP I can't breathe
no puedo respirar
No puedo respirar bien
me cuesta respirar
me falta el aire
se me cierra la garganta
tengo la lengua hinchada
dolor de pecho
me duele el pecho
me desmayé
no veo nada
perdí la vista
visión borrosa
me duele mucho el ojo
reacción alérgica
es una emergencia
no puedo tragar
convulsiones
"""
TIER_2 = """
my skin turned white
the area is white and cold
lip turned blue
skin looks mottled
patch of gray skin
blanching around my nose
severe pain
the pain is getting worse
so much pain
unbearable pain since the filler
it hurts so bad
pain keeps increasing
cold spot on my cheek
I have blisters after laser
numbness is spreading
my eyelid is drooping
fever since last night
there is pus coming out
i think its infected
my lips are swollen
piel blanca
dolor muy fuerte
tengo ampollas
se me cae el párpado
tengo fiebre
me sale pus
labios hinchados
"""
SELF_HARM = """
I want to die
i want to kill myself
feeling suicidal
im going to hurt myself
dont want to live anymore
i want to end my life
quiero morir
quiero matarme
no quiero vivir
"""
HARMLESS = """
Do I still have my facial credit?
I can't see my credits in the portal
cant see the link
I can't talk right now
can't speak to anyone at your office
I heard you stopped offering facials
I want to back out of my membership
im blonde, is laser ok
I'm dying to use my credit
does microneedling hurt a lot?
it's not an emergency
can I book a spot on black friday
the price increase is hard to swallow
how long does a facial take
just chill
is there a spot tomorrow
I passed my exam!
can you check my balance
change my card please
no puedo hablar ahora
no puedo ver mi saldo
cuantos creditos tengo
I see spots available tuesday
how long do injections take
I'd like fewer appointments
I can't see a difference
"""
OPT_OUT = """
stop texting me
Stop sending me messages
stop mesaging me
leave me alone
remove me from this list
remove me
take me off your list
lose my number
delete my number
unsubscribe me please
opt me out
no mas
no mas mensajes
No me escriban más
ya no me manden mensajes
dejen de molestarme
dejenme en paz
borren mi numero
sotp
STOPPP
please stop
stop now please
don't text me
do not contact me again
no more texts
i dont want these texts
wrong number
numero equivocado
"""
NO_OPT_OUT = """
you never text me back
you don't text me anymore
don't text me before 9
can you take me off the 3pm slot
take me off the waitlist
remove me from tuesday's appointment
I don't want massages
I dont want to miss your texts
can I stop by tomorrow?
cancel my membership
stop charging me
quiero darme de baja de la membresia
do I still have my facial credit?
I want to stop the acne
text me tomorrow
is this the right number
"""


def lines(block):
    return block.strip().splitlines()


@pytest.mark.parametrize("text", lines(TIER_1))
def test_words_of_the_first_tier_are_an_emergency(text):
    assert safety.emergency(text) == Emergency.TIER_1


@pytest.mark.parametrize("text", lines(TIER_2))
def test_words_of_the_second_tier_are_an_emergency(text):
    assert safety.emergency(text) == Emergency.TIER_2


@pytest.mark.parametrize("text", lines(SELF_HARM))
def test_self_harm_is_its_own_emergency(text):
    assert safety.emergency(text) == Emergency.SELF_HARM


@pytest.mark.parametrize("text", lines(HARMLESS))
def test_everyday_texts_page_nobody(text):
    assert safety.emergency(text) is None


@pytest.mark.parametrize("text", lines(TIER_1) + lines(TIER_2))
@pytest.mark.parametrize(
    "dress", [str.upper, lambda text: f"hi!!! {text}??? 😭", lambda text: text.replace(" ", "   ")]
)
def test_case_punctuation_and_emoji_hide_no_emergency(text, dress):
    assert safety.emergency(dress(text)) is not None


@pytest.mark.parametrize("word", ["breathe", "swallow", "throat", "chest", "allergic", "seizure"])
def test_one_slip_in_the_word_hides_no_emergency(word):
    frames = {
        "breathe": "i cant {}",
        "swallow": "i cant {}",
        "throat": "my {} is closing",
        "chest": "i have {} pain",
        "allergic": "i have an {} reaction",
        "seizure": "having a {}",
    }
    slips = [
        word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(1, len(word) - 1) if word[i] != word[i + 1]
    ]

    missed = [slip for slip in slips if safety.emergency(frames[word].format(slip)) is None]

    assert missed == []


@pytest.mark.parametrize("text", lines(OPT_OUT))
def test_reasonable_words_to_end_texting_are_an_opt_out(text):
    assert safety.wants_out(text)


@pytest.mark.parametrize("text", lines(NO_OPT_OUT))
def test_other_wishes_are_no_opt_out(text):
    assert not safety.wants_out(text)


def test_a_wrong_number_is_told_apart():
    assert safety.says_wrong_number("Sorry, wrong number")
    assert not safety.says_wrong_number("lose my number")


def test_the_longest_hostile_text_is_read_in_a_moment():
    letters = random.Random(7)
    texts = [
        "".join(letters.choices(string.ascii_lowercase + " ", k=1_600)),
        "cant cant cant " * 100,
        "stop " * 320,
        "ṡ̷͖t̵o̸p̶" * 150,
        "\u202e\u200b\ufeff" * 500,
        "please book me in " * 90,
    ]

    began = time.monotonic()
    for text in texts:
        safety.emergency(text)
        safety.wants_out(text)

    assert time.monotonic() - began < 3
