"""Words that a first list forgets: emergencies and opt-outs as people type them in a hurry (R29, R159-R161, R165)."""

import pytest

from concierge.understanding import safety
from outreach import keywords

EMERGENCIES = """
I can't see when I open my left eye
cant see where im going everything is foggy
can't talk right since the injection
I cant speak right, one side feels off
I can't talk because my tongue feels huge
I can't see it hurts so much
my vision is going
throat feels like its closing
my throat feels funny and tight
I feel like im going to pass out
my lips are turning blue
filler spot is white and hurts
my nose is turning purple
I feel dizzy and my heart is pounding
I'm having trouble breating
trubble breathing
cant breath
i cannot breathe
face is numb on one side
my face is drooping
eyelid droop
i can't open my eye
my eye is swollen shut
having an allergic reaction
anaphylactic shock
hives all over
im bleeding a lot
blood wont stop
I want to die
i don't want to be alive anymore
thinking about killing myself
i took too many pills
i'm gonna end it
help me im dying
I think I'm having a stroke
my chest feels tight
pressure in my chest
heart attack
i passed out after my appointment
i fainted
seizure
there is pus coming out
i have a fever of 102
area is hot and red and spreading
skin is turning black
skin looks grey around injection
the pain is getting worse
severe pain in my cheek
it hurts so bad
this is excruciating
lump is hard and painful
vision blurry since filler
seeing double
lost vision in right eye
can’t see out of my right eye
no puedo respirar
no puedo tragar
se me cierra la garganta
me duele el pecho
no veo de un ojo
quiero morir
me quiero matar
tengo fiebre
se me puso blanco el labio
la piel esta morada
me desmaye
creo que me dio un derrame
stop i cant breathe
STOP I can't breathe
HELP i cant breathe
help my throat is swelling
my husband is not responding
she isnt breathing
is not breathing
i am short of breath
my tongue is swelling
my mouth is swelling up
difficulty swallowing
lip is cold and white
blister after laser
burned by laser blistering
burn on my face from the peel oozing
numbness spreading
my arm is weak and i cant lift it
sudden headache and blurred vision
worst headache of my life
my eye hurts after botox
eye pain
i see flashing lights
flashes of light in my eye
black spots in my vision
everything went dark
I can’t feel my face
i cut myself on purpose
no reason to go on
I wish I was dead
gonna hang myself
throwing up blood
swollen face
face swelled up like a balloon
my lips swelled up
can't stop shaking, cold sweats
i need an ambulance
call 911
is it an emergency if my lip is white?
emergencia
ayuda no puedo respirar
cant catch my breath
i cant breeth
i cant brethe
can not breathe
hard to breathe
hard time breathing
i'm not able to breathe
not able to see from left eye
im unable to swallow
windpipe closing
my heart stopped
heart racing
having palpitations
I cannot see anything
i can barely see
i cant swallow my own saliva
choking
suffocating
tongue feels thick
voice is gone and throat tight
speech slurred
slurring
mouth drooping on left
my smile is crooked since yesterday
i'm confused and can't find words
the skin looks like marble
lacy pattern on skin
skin is dusky
blanching
my lip went white
area feels cold
its ice cold to the touch
nose tip is white
infected
green discharge
swelling is getting worse
painful and throbbing
my face is on fire
burning badly
ojo hinchado
no siento la cara
me arde el ojo
veo borroso
cara caida
convulsiones
sangre no para
me voy a matar
no quiero vivir
ya no quiero vivir
me falta el aire
me cuesta respirar
se me hincha la lengua
dolor de pecho
reaccion alergica
𝖨 𝖼𝖺𝗇’𝗍 𝖻𝗋𝖾𝖺𝗍𝗁𝖾
I c a n t b r e a t h e
cantbreathe
i cant b r e a t h
I CAN'T BREATHE!!!
i.cant.breathe
can't🫁breathe
help 🆘 cant breath
sos
l can't breathe
I literally cannot even breathe right now
I can't talk right now I can't breathe
i cant  breathe
"""
# What sounds like an emergency and is everyday talk at the desk.
EVERYDAY = """
I can't see you until Friday
can't talk right now
i cant speak right now im at work
can't see what times you have
I can't see where to book
cant see it
dying to come in
my friend is dying for botox
this price is hard to swallow
no emergency
I need to update my emergency contact
will it hurt?
how do I get rid of dark spots
double chin treatment?
do you have lip blush
the site is not responding
my card was not responding
I am going to jump on a call
I can't go on friday
I want to end my membership
I can't find the words to thank you
killing it
burned out, need a massage
"""
LEAVE_ME_ALONE = """
stop
Stop texting me
please take me off your list
lose my number
leave me alone
no mas
ya no me escriban
quit it
fuck off
go away
stop it
stop messaging me please
remove me
remove my number
unsubscribe me
UNSUB
opt me out
sotp
STOPP
st0p
s t o p
please dont text this number
do not contact me again
never text me again
never contact me again
i don't want these texts
dont want your messages
dont message me anymore
stop sending me stuff
no more messages please
no more
cease and desist
i didn't sign up for this
who is this take me off
wrong number
you have the wrong number
numero equivocado
dejen de escribirme
no me manden mensajes
basta
alto
quitenme de la lista
cancelar mensajes
not interested stop
blocked
reported as spam
this is spam
STOP!!!
Stop please
stop ✋
🛑
⛔
arrêt
parar
detengan
enough
enough already with the texts
get me off this list
I want off this list
take my number off
delete my number
don't ever text me again
pls no more txts
no texts
no text
no messages please
don't text
stop contacting
stop calling me
dont call or text
quit texting
end
END
revoke
i revoke consent
I revoke my consent to be texted
cancel texts
cancel
turn off texts
turn off messages
turn these off
shut up
I withdraw my consent
withdraw consent
stop all
Stop All.
STOPALL please
no me escriban mas
no quiero mas mensajes
no quiero recibir
ya no quiero recibir mensajes
borrame
borrenme
dame de baja
darme de baja
baja
salir
quit bugging me
bug off
buzz off
piss off
stoop
Stop stop stop
plz stop
can you stop
can you please stop
would you stop
please stop
stop this
stop now
stop thanks
Opt-out
opt - out
I'd like to opt out please
I would like to stop receiving these
I no longer want to receive messages
no longer wish to receive texts
unsubscrib
Unsubscribe.
take us off the list
stop w the texts
Stop spamming
spam
I never gave you permission to text me
Ana doesn't have this number anymore
"""
STAY_IN_TOUCH = """
how do I turn it off
how do I stop getting these breakouts
I didn't sign up for this price
I didn't agree to this charge
I never gave you permission to charge me
is this spam?
512 555 1234 is not my number anymore, use this one
I got the wrong person at the desk
wrong person did my facial
this is my new number
can you stop by my house
take me off the schedule for friday
can you stop the autopay
please remove my appointment
leave it alone
I don't want to miss messages
no more facials for me
paren de cobrarme
quiero darme de baja de la membresia
"""


def lines(block: str) -> list[str]:
    return block.strip().splitlines()


@pytest.mark.parametrize("text", lines(EMERGENCIES))
def test_an_emergency_in_anybodys_words_is_one(text):
    assert safety.emergency(text) is not None


@pytest.mark.parametrize("text", lines(EVERYDAY))
def test_talk_at_the_desk_pages_nobody(text):
    assert safety.emergency(text) is None


@pytest.mark.parametrize("text", lines(LEAVE_ME_ALONE))
def test_whoever_wants_to_be_left_alone_is(text):
    assert keywords.read(text).meaning == keywords.Meaning.STOP or safety.wants_out(text)


@pytest.mark.parametrize("text", lines(STAY_IN_TOUCH))
def test_who_speaks_of_something_else_still_gets_texts(text):
    assert not safety.wants_out(text)


@pytest.mark.parametrize(
    "text", ["Don't text me anymore. Move my appointment to Friday", "lose my number, and why was my card charged"]
)
def test_business_beside_an_opt_out_is_heard(text):
    assert safety.wants_out(text)
    assert safety.wants_more_than_out(text)


@pytest.mark.parametrize("text", ["lose my number", "please stop texting me", "wrong number"])
def test_an_opt_out_alone_is_no_business(text):
    assert not safety.wants_more_than_out(text)
