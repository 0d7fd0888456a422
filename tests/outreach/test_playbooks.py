"""The default wording: short, kind, and without a word that may not be in a text."""

import re

import pytest

from outreach import playbooks, wording
from outreach.models import Sequence, Step

# The longest facts that are plausible; a link is the base address and 27 letters of token.
FACTS = {
    "first_name": "Alexandria",
    "practice": "Glow Theory",
    "practice_phone": "(512) 555-0100",
    "practice_email": "hello@glowtheory.example",
    "amount": "$1,299.00",
    "credits": "12 créditos de su membresía",
    "full_name": "Alexandria Montgomery-Ruiz",
    "failed_on": "September 30",
    "texts_sent": "2 texts went out",
    "plan": "Glow Unlimited",
    "card": "mastercard ending 4444",
    "again": " A payment failed in the 90 days before, too.",
    "grace_until": "30 sep",
    "times": "How about 1) Wed Sep 30, 10:30 am or 2) Thu Oct 15, 12:30 pm? Reply 1 or 2.",
    "interval": "12 semanas",
    "benefit": "an extra membership credit",
    "difference": "$100.00",
    "monthly_credits": "12 créditos de su membresía",
    "offer": "Come back by Sep 30 and your first visit is upgraded. ",
    "resume_on": "30 sep",
    "renews_on": "30 sep",
    "changes_on": "30 sep",
    "price": "$1,299.00",
    "new_price": "$1,399.00",
}
LINK = "https://members.glowtheory.example/m/" + "x" * 27 + "/"
STEPS = [
    (slug, step.channel, text)
    for slug, playbook in playbooks.PLAYBOOKS.items()
    for step in playbook.steps
    for text in (step.wording, step.wording_es)
    if text
]
TEXTS = [text for _, channel, text in STEPS if channel in (Step.Channel.SMS, Step.Channel.EMAIL)]
RECOVERY = playbooks.PLAYBOOKS[Sequence.Slug.PAYMENT_RECOVERY].steps
STANDING = [
    *playbooks.GENTLE_NOTICE.values(),
    *playbooks.CONFIRM_PAYMENT.values(),
    *playbooks.PAYMENT_LINK.values(),
    *playbooks.GRACE_PAUSED.values(),
    *playbooks.GRACE_ENDED.values(),
    *playbooks.THANKS.values(),
    *playbooks.OPTED_OUT.values(),
    *playbooks.HELP.values(),
    *playbooks.STILL_WANTED.values(),
    *playbooks.STILL_ON.values(),
]
# R140 and R107.
NEVER_SAID = re.compile(
    r"\b(stolen|lost|fraud\w*|declined?|do_not_honor|insufficient|robada|perdida|fraude|rechazad\w*|botox|filler\w*|"
    r"facial\w*|laser|inject\w*|peel\w*|skin|piel|treatment\w*|tratamiento\w*|dysport|toxin\w*)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("text", TEXTS + STANDING)
def test_every_text_fits_two_plain_segments(text):
    whole = wording.render(text, FACTS).replace(wording.LINK, LINK)

    segments = wording.segments(whole)

    assert segments.encoding == "GSM-7", whole
    assert segments.count <= 2, whole


@pytest.mark.parametrize("text", TEXTS + STANDING)
def test_no_text_names_a_treatment_or_blames_the_card(text):
    assert not NEVER_SAID.search(text)


@pytest.mark.parametrize("text", TEXTS + STANDING)
def test_every_text_names_the_practice(text):
    assert "{practice}" in text


def test_the_first_text_of_each_sequence_says_how_to_stop():
    for playbook in playbooks.PLAYBOOKS.values():
        first = next(step for step in playbook.steps if step.channel != Step.Channel.STAFF)

        assert "Reply STOP" in first.wording
        assert "Responda STOP" in first.wording_es


def test_payment_recovery_is_two_texts_a_call_and_a_person():
    days = [(step.day, step.channel, step.kind) for step in RECOVERY]

    assert days == [
        (0, "sms", "servicing"),
        (2, "sms", "servicing"),
        (5, "voice", "payment_call"),
        (7, "staff", "payment"),
    ]
    texts = [step for step in RECOVERY if step.channel == "sms"]
    assert all(wording.LINK in step.wording and wording.LINK in step.wording_es for step in texts)


@pytest.mark.django_db
def test_installing_twice_keeps_what_the_practice_has_changed():
    playbooks.install()
    Step.objects.filter(position=0).update(wording="Our own words, {first_name}: {link}")

    playbooks.install()

    assert Sequence.objects.count() == len(playbooks.PLAYBOOKS)
    assert set(Step.objects.filter(position=0).values_list("wording", flat=True)) == {
        "Our own words, {first_name}: {link}"
    }
