"""Wording: two segments at most, GSM-7, dates on the location's clock, one place for all figures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from concierge import membership_words, replies, visit_replies
from concierge.facts import LotFact, MemberFacts
from concierge.replies import Voice
from concierge.understanding.safety import Emergency
from outreach import wording

AT = datetime(2026, 6, 16, 16, 0, tzinfo=UTC)
AUSTIN = "America/Chicago"
LONG_NAMES = Voice("Glow Theory Aesthetics and Wellness", "en", introduces=True)
LOT = LotFact(1, 7, "Signature HydraFacial Deluxe", 12, AT + timedelta(days=200))
FACTS = MemberFacts(
    at=AT,
    patient_id=1,
    first_name="Ana",
    last_name="Ortiz",
    zone=AUSTIN,
    location_name="South Congress",
    membership_id=1,
    status="active",
    lots=(LOT, replace(LOT, entry_id=2, service_id=8, service_name="Deep Tissue Massage", expires_at=None)),
)
MOMENTS = [datetime(2026, 9, 16, 15, 30, tzinfo=UTC), datetime(2026, 9, 17, 20, 30, tzinfo=UTC)]


def voice(language, *, introduces=False):
    return Voice("Glow Theory", language, introduces)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_longest_answer_fits_two_segments_of_gsm_7(language):
    speaks = replace(LONG_NAMES, language=language)
    balance = replies.balance(speaks, FACTS, service_ids=(7, 8), whether=True)
    times = replies.times(speaks, MOMENTS, zone=AUSTIN, location="South Congress")

    body = speaks.says(balance, times)

    segments = wording.segments(body)
    assert (segments.encoding, segments.count <= 2) == ("GSM-7", True)
    assert balance in body or wording.plain(balance) in body


@pytest.mark.parametrize(("kind", "language"), list(product(Emergency, ["en", "es"])))
def test_emergency_texts_are_short_plain_and_name_whom_to_call(kind, language):
    """R159, R160, R165."""
    body = replies.emergency(kind, language=language, phone="(512) 555-0100")

    assert wording.segments(body).encoding == "GSM-7"
    assert wording.segments(body).count <= 2
    assert "911" in body
    assert ("988" if kind == Emergency.SELF_HARM else "(512) 555-0100") in body


@pytest.mark.parametrize("language", ["en", "es"])
def test_both_languages_have_every_wording_with_the_same_figures(language):
    other = "es" if language == "en" else "en"
    placeholders = {
        key: {name for _, name, _, _ in __import__("string").Formatter().parse(text) if name}
        for key, text in replies._WORDS[language].items()
    }
    others = {
        key: {name for _, name, _, _ in __import__("string").Formatter().parse(text) if name}
        for key, text in replies._WORDS[other].items()
    }

    assert placeholders == others


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (datetime(2026, 6, 18, 20, 30, tzinfo=UTC), "Thu Jun 18, 3:30 pm"),
        (datetime(2026, 6, 18, 15, 0, tzinfo=UTC), "Thu Jun 18, 10 am"),
        (datetime(2026, 6, 18, 17, 0, tzinfo=UTC), "Thu Jun 18, 12 pm"),
        (datetime(2026, 12, 18, 16, 0, tzinfo=UTC), "Fri Dec 18, 10 am"),
        (datetime(2026, 6, 19, 5, 30, tzinfo=UTC), "Fri Jun 19, 12:30 am"),
    ],
)
def test_moments_are_on_the_locations_clock(when, said):
    assert replies.moment(voice("en"), when, AUSTIN) == said


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (AT + timedelta(minutes=60), "by 12 pm today"),
        (AT + timedelta(minutes=61), "by 12:15 pm today"),
        (AT + timedelta(minutes=74, seconds=59), "by 12:15 pm today"),
        (AT + timedelta(hours=22, minutes=30), "by 9:30 am tomorrow"),
        (AT + timedelta(days=3, hours=-1), "by 10 am on Fri, Jun 19"),
    ],
)
def test_the_promise_is_never_earlier_than_the_timer(due, said):
    assert replies.by_when(voice("en"), due, now=AT, zone=AUSTIN) == said


def test_another_year_is_named():
    facts = replace(FACTS, lots=(replace(LOT, expires_at=datetime(2027, 1, 2, 18, 0, tzinfo=UTC)),))

    assert "good through Jan 2, 2027." in replies.balance(voice("en"), facts, service_ids=(7,), whether=False)
    assert "hasta el 2 ene 2027." in replies.balance(voice("es"), facts, service_ids=(7,), whether=False)


def test_a_credit_without_an_end_names_none():
    facts = replace(FACTS, lots=(replace(LOT, remaining=1, expires_at=None),))

    assert replies.balance(voice("en"), facts, service_ids=(7,), whether=False) == (
        "You have 1 Signature HydraFacial Deluxe credit."
    )


def test_only_what_expires_first_is_dated_when_lots_differ():
    lots = (replace(LOT, remaining=1, expires_at=AT + timedelta(days=10)), replace(LOT, entry_id=2, remaining=2))

    said = replies.balance(voice("en"), replace(FACTS, lots=lots), service_ids=(7,), whether=True)

    assert said == "Yes, you have 3 Signature HydraFacial Deluxe credits; 1 to use by Jun 26."


def test_a_renewal_that_is_not_paid_is_not_promised():
    facts = replace(
        FACTS, lots=(), status="past_due", payment_due=True, benefits=((7, "Facial"),), renews_at=AT + timedelta(days=9)
    )

    said = replies.no_credit(voice("en"), facts, service_ids=(7,))

    assert said.endswith("Your next one comes once your membership payment has gone through.")


# --- every template -------------------------------------------------------------------------------------------------

LINK = "https://members.glowtheory.example/m/" + "k" * 32 + "/"
_AS_IN_LIFE = {
    "amount": "$1,249.00", "before": "6:30 pm", "begins": "10:30 am", "by": "by 10:30 am on Wed, Sep 16",
    "benefits": "1 Signature HydraFacial, $150.00 to spend, up to 15% member savings", "closes": "6:30 pm",
    "code": "P4821", "count": "12", "credits": "12 credits", "day": "Sep 16, 2027", "instead": " or 2 to pause instead",
    "left": "12 credits", "location": "South Congress", "member": "$1,062.50", "moment": "Wed Sep 16, 10:30 am",
    "moments": "Wed Sep 16, 10:30 am and Thu Sep 17, 3:30 pm", "month": "Sep", "months": "12 months",
    "next": "Sep 16, 2027", "old": "Radiance Gold", "opens": "9:30 am",
    "options": "1 for Wed Sep 16, 10:30 am or 2 for Thu Sep 17, 3:30 pm",
    "owed": " Your open payment of $1,249.00 is dropped.", "parts": "2 credits by Sep 16, 2027, 3 credits by Oct 16",
    "pays": " Payments go on until then.", "percent": "15", "phone": "(512) 555-0100", "plan": "Radiance Platinum",
    "plans": "Glow $99.00 a month; Radiance Gold $199.00 a month; Radiance Platinum $349.00 a month",
    "practice": "Glow Theory Aesthetics", "price": "$349.00 a month", "starts": "Sep 16, 2027",
    "street": "1412 South Congress Avenue", "time": "10:30 am", "today": "Today: $1,249.00.",
    "until": " until Sep 16, 2027", "weekday": "Wed", "what": "Signature HydraFacial",
    "wish": "Wed Sep 16 between 10:30 am and 6:30 pm",
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (language, words)
        for language in ("en", "es")
        for words in (replies._WORDS, membership_words.WORDS, visit_replies._WORDS)
    ],
)
def test_every_sentence_with_the_introduction_in_front_fits_two_segments(language, words):
    """The first text of a conversation also says who speaks (R154)."""
    first = replace(LONG_NAMES, language=language, practice="Glow Theory Aesthetics")
    too_long = {}
    for key, template in words[language].items():
        body = first.says(template.format(**_AS_IN_LIFE)).replace("{link}", LINK)
        found = wording.segments(body)
        if found.count > 2 or found.encoding != "GSM-7":
            too_long[key] = (found, len(body), body)

    assert too_long == {}
