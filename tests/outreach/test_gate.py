"""R2: one case a reason; R4: each answer is kept; settled.md 13: which checks concern which kind of message."""

from datetime import UTC, date, datetime, timedelta

import pytest

from members import consent, escalations, holds
from members.models import AuditEntry, Hold, Membership, Practice
from outreach import gate, handovers, inbound, outbox, playbooks, sequences
from outreach.models import Enrolment, GateDecision, Message
from outreach.quiet_hours import Place
from tests import factories
from tests.doubles.owing import live, mirror, owing_member
from tests.factories import NOON

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)  # 23:00 in Austin
ALL_KINDS = ["servicing", "marketing", "reply", "confirmation", "staff", "opt_out", "emergency"]


def draft(kind: str = "servicing", *, membership: Membership | None = None, created_at=NOON, **fields) -> Message:
    """A message as `post` makes it, not yet judged."""
    membership = membership or factories.make_membership()
    values = {
        "direction": "out",
        "kind": kind,
        "status": "queued",
        "patient": membership.patient,
        "location": membership.location,
        "address": membership.patient.phone,
        "body": "Hello",
        "created_at": created_at,
        "due_at": created_at,
    }
    return Message.objects.create(**{**values, **fields})


def texted(
    message: Message, *, ago: timedelta, kind: str = "servicing", status: str = "delivered", **fields
) -> Message:
    """An earlier text to the same person."""
    at = NOON - ago
    values = {"claimed_at": at, "sent_at": at, "status": status, "patient": message.patient, "address": message.address}
    return Message.objects.create(
        **{
            **values,
            "direction": "out",
            "kind": kind,
            "body": "Hi",
            "created_at": at,
            "due_at": at,
            **fields,
        }
    )


def agreed_to_everything(message: Message) -> None:
    for kind, channel in (("automated_voice", "voice"), ("servicing", "email")):
        factories.agree(message.patient, kind, channel=channel)


def enrolled(slug: str, membership: Membership, cause: str) -> Enrolment:
    playbooks.install()
    return sequences.enrol(slug=slug, membership=membership, cause=cause, now=NOON)


def code(message: Message, now: datetime = NOON) -> str:
    denial = gate.may_not_send(message, now=now)
    return denial.code if denial else ""


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_member_who_agreed_may_be_texted_at_noon(kind):
    assert code(draft(kind)) == ""


def test_no_number_no_text():
    patient = factories.make_patient(phone="")
    message = draft(membership=factories.make_membership(patient))

    assert code(message) == "no_phone"


@pytest.mark.parametrize(
    ("slug", "switch", "kind"),
    [("payment_recovery", "recovery_on", "servicing"), ("utilization", "nudges_on", "marketing")],
)
def test_an_automation_that_is_switched_off_sends_nothing(slug, switch, kind):
    """R171."""
    membership = factories.make_membership(credits_remaining=1)
    message = draft(kind, membership=membership, enrolment=enrolled(slug, membership, "anything"))
    assert code(message) == ""

    Practice.objects.update(**{switch: False})

    assert code(message) == "switched_off"


@pytest.mark.parametrize("kind", ["servicing", "marketing", "reply", "confirmation", "staff"])
def test_an_opt_out_stops_every_purpose_and_staff_too(kind):
    """R32, R37."""
    message = draft(kind)
    consent.opt_out(address=message.address, channel="sms", wording="STOP", source="text", now=NOON)

    assert code(message) == "opted_out"


@pytest.mark.parametrize("kind", ["servicing", "marketing", "reply", "confirmation"])
def test_a_minor_is_not_texted_automatically(kind):
    """R170."""
    patient = factories.make_patient(birth_date=date(2008, 6, 17))
    message = draft(kind, membership=factories.make_membership(patient))

    assert code(message) == "minor"
    assert code(message, now=NOON + timedelta(days=1)) != "minor"  # eighteen today


@pytest.mark.parametrize("kind", ["servicing", "marketing", "reply", "confirmation"])
@pytest.mark.parametrize(("hold", "expected"), [("clinical", "clinical_hold"), ("person", "person_hold")])
def test_holds_silence_automation(kind, hold, expected):
    """R164, R166."""
    message = draft(kind)
    holds.place(kind=hold, phone=message.address, now=NOON - timedelta(hours=1))

    assert code(message) == expected


@pytest.mark.parametrize("kind", ["servicing", "marketing"])
def test_a_dispute_stops_dunning_and_marketing(kind):
    """R27, R136."""
    message = draft(kind)
    holds.place(kind=Hold.Kind.DISPUTE, phone=message.address, now=NOON)

    assert code(message) == "dispute_hold"


def test_a_dispute_does_not_stop_the_answer_to_a_question():
    message = draft("reply")
    holds.place(kind=Hold.Kind.DISPUTE, phone=message.address, now=NOON)

    assert code(message) == ""


@pytest.mark.parametrize("kind", ["staff", "emergency", "opt_out"])
@pytest.mark.parametrize("hold", ["clinical", "person", "dispute"])
def test_people_and_emergencies_pass_all_holds(kind, hold):
    message = draft(kind)
    holds.place(kind=hold, phone=message.address, now=NOON - timedelta(hours=1))

    assert code(message) == ""


def test_the_concierges_last_word_at_the_handoff_goes_out():
    """R166: it tells the patient who will answer and when."""
    message = draft("reply")
    holds.place(kind=Hold.Kind.PERSON, phone=message.address, now=NOON)

    assert code(message, now=NOON + timedelta(seconds=2)) == ""
    assert code(draft("reply", address=message.address, created_at=NOON + timedelta(seconds=1))) == "person_hold"


def test_a_reply_does_not_go_out_once_a_person_has_taken_over():
    message = draft("reply")
    person = factories.make_staff()
    holds.place(kind=Hold.Kind.PERSON, phone=message.address, now=NOON + timedelta(seconds=1), by=person)

    assert code(message, now=NOON + timedelta(seconds=2)) == "person_hold"


@pytest.mark.parametrize(
    ("kind", "agreed", "expected"),
    [
        ("servicing", "marketing", "no_servicing_consent"),
        ("marketing", "servicing", "no_marketing_consent"),
        ("confirmation", "marketing", "no_servicing_consent"),
        ("staff", "marketing", "no_servicing_consent"),
        ("servicing", "servicing", ""),
        ("marketing", "marketing", ""),
        ("reply", "marketing", ""),
    ],
)
def test_consent_is_asked_by_class(kind, agreed, expected):
    """R8, R12."""
    membership = factories.make_membership(consent=False)
    factories.agree(membership.patient, agreed)

    assert code(draft(kind, membership=membership)) == expected


def test_consent_of_one_patient_does_not_serve_another_on_the_same_phone():
    mother = factories.make_membership()
    daughter = factories.make_membership(factories.make_patient("Lena", phone=mother.patient.phone), consent=False)

    assert code(draft(membership=daughter)) == "no_servicing_consent"


@pytest.mark.parametrize(
    ("kind", "expected"), [("staff", ""), ("confirmation", ""), ("servicing", "no_servicing_consent")]
)
def test_whoever_texted_us_lately_may_be_answered_without_a_form(kind, expected):
    """R22."""
    message = draft(kind, membership=factories.make_membership(consent=False))
    Message.objects.create(
        direction="in", kind="inbound", status="received", address=message.address, body="Hi", created_at=NOON
    )

    assert code(message) == expected


@pytest.mark.parametrize("kind", ["servicing", "marketing"])
def test_at_night_the_text_waits_for_the_morning(kind):
    """R17, R21."""
    denial = gate.may_not_send(draft(kind), now=NIGHT)

    assert denial.code == "quiet_hours"
    assert denial.retry_at == datetime(2026, 6, 17, 14, 0, tzinfo=UTC)  # 09:00 in Austin


@pytest.mark.parametrize("kind", ["reply", "confirmation", "staff", "emergency"])
def test_answers_go_out_at_any_hour(kind):
    """R22, settled.md 13."""
    assert code(draft(kind, created_at=NIGHT), now=NIGHT) == ""


def test_the_clinic_and_the_area_code_count_as_places_too():
    """R19."""
    patient = factories.make_patient(phone="+13055550123", state="CA", time_zone="America/Los_Angeles")

    places = gate.places_for(patient, patient.home_location, patient.phone)

    assert places == (
        Place("CA", "America/Los_Angeles"),
        Place("FL", "America/New_York"),
        Place("TX", "America/Chicago"),
    )


def test_places_are_named_once():
    patient = factories.make_patient(phone="+15125550123")

    assert gate.places_for(patient, patient.home_location, patient.phone) == (Place("TX", "America/Chicago"),)


def test_one_text_of_our_own_accord_a_day():
    """R26; the wait ends when the first has left the window."""
    message = draft()
    texted(message, ago=timedelta(hours=1))

    denial = gate.may_not_send(message, now=NOON)

    assert denial.code == "cap"
    assert denial.retry_at == NOON + timedelta(hours=23)
    assert code(message, now=NOON + timedelta(hours=23)) == ""


def test_a_cap_that_ends_at_night_waits_for_the_morning_after():
    message = draft()
    texted(message, ago=timedelta(hours=11))  # at midnight in Austin

    denial = gate.may_not_send(message, now=NOON)

    assert denial.retry_at == datetime(2026, 6, 17, 14, 0, tzinfo=UTC)


def test_four_marketing_texts_in_thirty_days():
    """R26."""
    message = draft("marketing")
    for days in (2, 9, 16, 29):
        texted(message, ago=timedelta(days=days), kind="marketing")

    denial = gate.may_not_send(message, now=NOON)

    assert denial.code == "cap"
    assert denial.retry_at == NOON + timedelta(days=1)
    assert code(draft("servicing", address=message.address, patient=message.patient)) == ""


def test_no_fourth_contact_in_a_day_even_if_the_practice_allowed_more(monkeypatch):
    """R24: the legal limit stands by itself."""
    table = gate.legal_tables.contact_limits()
    legal_only = gate.legal_tables.ContactLimits(
        table.version, tuple(row for row in table.limits if row.name == "legal")
    )
    monkeypatch.setattr(gate.legal_tables, "contact_limits", lambda: legal_only)
    message = draft()
    for hours in (1, 5):
        texted(message, ago=timedelta(hours=hours))
    assert code(message) == ""

    texted(message, ago=timedelta(hours=20), kind="marketing", status="unknown")

    assert code(message) == "cap"


@pytest.mark.parametrize("channel", ["sms", "email", "voice"])
def test_no_eighth_contact_about_a_payment_in_seven_days(channel):
    """R27: by whatever channel the seven came."""
    message = draft(channel=channel)
    agreed_to_everything(message)
    for hours in (25, 35, 49, 73, 97, 121):
        texted(message, ago=timedelta(hours=hours), channel="email")
    assert code(message) == ""

    texted(message, ago=timedelta(hours=167), channel="voice")

    assert gate.may_not_send(message, now=NOON).retry_at == NOON + timedelta(hours=1)
    assert code(message, now=NOON + timedelta(hours=1)) == ""


@pytest.mark.parametrize(("minutes", "expected"), [(7 * 60 + 59, "cap"), (8 * 60, "")])
def test_an_automated_call_is_followed_by_no_other_for_eight_hours(minutes, expected):
    """R25: Maine's limit, kept in every state."""
    message = draft(channel="voice")
    agreed_to_everything(message)

    texted(message, ago=timedelta(minutes=minutes), channel="voice")

    assert code(message) == expected


@pytest.mark.parametrize("status", ["failed", "held", "dropped", "queued"])
def test_a_text_that_did_not_go_out_is_not_counted(status):
    message = draft()
    texted(message, ago=timedelta(hours=1), status=status)

    assert code(message) == ""


@pytest.mark.parametrize("kind", ["reply", "confirmation", "staff", "emergency"])
def test_answers_are_not_counted(kind):
    message = draft()
    texted(message, ago=timedelta(hours=1), kind=kind)

    assert code(message) == ""


def test_the_phone_and_the_person_are_both_counted():
    message = draft()
    texted(message, ago=timedelta(hours=1), address="+15125559999")  # her other number
    shared = draft(membership=factories.make_membership(factories.make_patient("Lena", phone="+15125559999")))

    assert code(message) == "cap"
    assert code(shared) == "cap"


def test_of_two_texts_being_sent_at_once_the_earlier_claim_goes_out():
    message = draft(claimed_at=NOON, status="sending")
    later = draft(
        address=message.address, patient=message.patient, claimed_at=NOON + timedelta(seconds=1), status="sending"
    )

    assert code(message, now=NOON + timedelta(seconds=2)) == ""
    assert code(later, now=NOON + timedelta(seconds=2)) == "cap"


def test_of_two_texts_being_sent_at_once_the_one_let_through_goes_out_even_if_the_other_was_claimed_earlier():
    """R24: the earlier claim was committed only after the gate had let the later one through."""
    slow, quick = (draft(created_at=NOON - timedelta(hours=1)) for _ in range(2))
    Message.objects.update(patient=slow.patient, address=slow.address)
    claim(quick, at=NOON + timedelta(seconds=1))
    assert gate.decide(quick, now=NOON + timedelta(seconds=1)) is None

    claim(slow, at=NOON)

    assert gate.decide(slow, now=NOON + timedelta(seconds=2)).code == "cap"


def claim(message: Message, *, at: datetime) -> None:
    Message.objects.filter(pk=message.pk).update(status="sending", claimed_at=at)
    message.refresh_from_db()


def test_a_halted_sender_keeps_texts_waiting_until_the_case_is_resolved():
    """R80."""
    message = draft("reply")
    handovers.sender_halted(code="30034", now=NOON)
    case = handovers.Escalation.objects.get()

    denial = gate.may_not_send(message, now=NOON)
    assert (denial.code, denial.retry_at) == ("halted", NOON + timedelta(minutes=15))

    escalations.resolve(escalation=case, by=factories.make_staff(), outcome="Registered", now=NOON)
    assert code(message) == ""


def recovering(**fields):
    membership, invoice = owing_member(**fields)
    return invoice, draft(
        membership=membership, enrolment=enrolled("payment_recovery", membership, f"invoice:{invoice.stripe_id}")
    )


@pytest.mark.parametrize(("status", "words"), [("paid", "Paid meanwhile."), ("void", "The invoice is no longer owed.")])
def test_a_payment_text_is_dropped_once_nothing_is_owed(status, words):
    """R143, by our own rows."""
    invoice, message = recovering()
    assert code(message) == ""

    mirror(invoice, status)

    denial = gate.may_not_send(message, now=NOON)
    assert (denial.code, denial.words, denial.drops) == ("no_longer_true", words, True)


def test_a_payment_text_is_dropped_while_the_membership_is_paused():
    """R143."""
    _, message = recovering()
    Membership.objects.update(status=Membership.Status.PAUSED)
    message = Message.objects.with_facts().get(pk=message.pk)

    assert code(message) == "no_longer_true"


def test_the_gate_asks_no_vendor():
    """It runs inside transactions; the live invoice is asked elsewhere."""
    invoice, message = recovering()
    live(invoice, "paid")

    assert code(message) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"credits_remaining": 0},
        {"next_appointment_at": NOON + timedelta(days=30)},
        {"status": Membership.Status.CANCELLED},
    ],
)
def test_a_nudge_is_dropped_once_it_is_pointless(change):
    membership = factories.make_membership(credits_remaining=2)
    message = draft("marketing", membership=membership, enrolment=enrolled("utilization", membership, "unused"))
    assert code(message) == ""

    Membership.objects.update(**change)

    assert code(Message.objects.with_facts().get(pk=message.pk)) == "no_longer_true"


@pytest.mark.parametrize("at", [NOON - timedelta(days=3), NOON + timedelta(days=31)])
def test_an_appointment_past_or_far_away_does_not_stop_a_nudge(at):
    membership = factories.make_membership(credits_remaining=2, next_appointment_at=at)
    message = draft("marketing", membership=membership, enrolment=enrolled("utilization", membership, "unused"))

    assert code(message) == ""


def test_a_text_of_a_sequence_that_ended_is_dropped_but_not_of_one_that_ran_out():
    membership = factories.make_membership(credits_remaining=2)
    enrolment = enrolled("utilization", membership, "unused")
    message = draft("marketing", membership=membership, enrolment=enrolment)

    enrolment.status, enrolment.next_at, enrolment.ended_at = "ended", None, NOON
    enrolment.ended_because = gate.FINISHED
    assert code(message) == ""

    enrolment.ended_because = "booked"
    assert code(message) == "ended"


def test_an_opt_out_is_confirmed_within_five_minutes_or_never():
    """R35."""
    message = draft("opt_out")
    consent.opt_out(address=message.address, channel="sms", wording="STOP", source="text", now=NOON)

    assert code(message, now=NOON + timedelta(seconds=299)) == ""
    assert gate.may_not_send(message, now=NOON + timedelta(minutes=5)).drops


def test_nothing_stops_an_emergency_reply():
    """R163."""
    patient = factories.make_patient(birth_date=date(2012, 1, 1))
    message = draft("emergency", membership=factories.make_membership(patient, consent=False), created_at=NIGHT)
    consent.opt_out(address=message.address, channel="sms", wording="STOP", source="text", now=NOON)
    holds.place(kind=Hold.Kind.CLINICAL, phone=message.address, now=NOON)
    handovers.sender_halted(code="30034", now=NOON)

    assert gate.decide(message, now=NIGHT) is None
    assert GateDecision.objects.get(message=message).allowed


def test_places_that_are_never_open_together_hold_the_text():
    guam = factories.make_location(name="Tumon", external_id="tumon", state="GU", time_zone="Pacific/Guam")
    patient = factories.make_patient(phone="+14015550123", state="RI", time_zone="America/New_York", home_location=guam)

    denial = gate.may_not_send(draft(membership=factories.make_membership(patient)), now=NOON)

    assert (denial.code, denial.retry_at) == ("never_open", None)


def test_the_first_reason_in_the_order_of_the_gate_is_the_one_shown():
    """R2."""
    message = draft("marketing", membership=factories.make_membership(consent=False))
    holds.place(kind=Hold.Kind.CLINICAL, phone=message.address, now=NOON)
    assert code(message, now=NIGHT) == "clinical_hold"

    consent.opt_out(address=message.address, channel="sms", wording="STOP", source="text", now=NOON)

    assert code(message, now=NIGHT) == "opted_out"


def test_every_answer_is_kept_with_what_was_looked_at_and_nothing_private():
    """R4, R119."""
    message = draft(body="Private words")
    texted(message, ago=timedelta(hours=1))

    gate.decide(message, now=NOON)

    kept = GateDecision.objects.get(message=message)
    assert (kept.allowed, kept.code, kept.retry_at) == (False, "cap", NOON + timedelta(hours=23))
    assert kept.table_version == gate.legal_tables.version()
    assert kept.inputs["kind"] == "servicing"
    assert kept.inputs["places"] == [["TX", "America/Chicago"]]
    assert kept.inputs["counts"] == {"legal": 1, "daily": 1, "payments": 1}
    assert kept.inputs["holds"] == []
    assert len(kept.inputs["consent_entries"]) == 2
    assert message.address not in str(kept.inputs)
    assert "Private" not in str(kept.inputs)


@pytest.mark.parametrize(
    ("kind", "denied"), [("servicing", "clinical_hold"), ("marketing", "clinical_hold"), ("reply", "")]
)
def test_a_hold_on_one_number_of_a_patient_stops_what_we_begin_on_the_others(kind, denied):
    """settled.md 6."""
    message = draft(kind)
    holds.place(kind=Hold.Kind.CLINICAL, phone="+15125550199", patient=message.patient, now=NOON)

    assert code(message) == denied


# --- R16: a long silence ---


def agreed_ago(days: int) -> Membership:
    patient = factories.make_patient()
    factories.agree(patient, at=NOON - timedelta(days=days - 90))
    return factories.make_membership(patient, consent=False)


@pytest.mark.parametrize(("days", "expected"), [(547, ""), (549, "long_silence")])
def test_after_eighteen_months_of_silence_marketing_is_denied_and_servicing_is_not(days, expected):
    """R16."""
    membership = agreed_ago(days)

    assert code(draft("marketing", membership=membership)) == expected
    assert code(draft("servicing", membership=membership)) == ""


def test_a_text_within_the_eighteen_months_is_no_silence():
    """R16."""
    message = draft("marketing", membership=agreed_ago(900))
    texted(message, ago=timedelta(days=500))

    assert code(message) == ""


def test_a_silence_is_asked_about_once_without_an_offer_and_only_the_answer_ends_it():
    """R16: day 549."""
    patient = agreed_ago(549).patient
    posted = [
        outbox.post(kind="marketing", body="Hi", dedupe_key=f"nudge:{each}", patient=patient, now=NOON)
        for each in (1, 2)
    ]

    question = Message.objects.get(dedupe_key__startswith="reconfirm:")
    Message.objects.filter(pk=question.pk).update(status="delivered", sent_at=NOON)
    still = code(draft("marketing", membership=patient.memberships.get()))
    answer = inbound.receive(
        sid="SM1", sender=patient.phone, recipient="", body="Yes!", media_count=0, opt_out_type="", now=NOON
    ).message

    assert {message.status for message in posted} == {"held"}
    assert (question.kind, still, answer.wants_answer) == ("servicing", "long_silence", False)
    assert code(draft("marketing", membership=patient.memberships.get())) != "long_silence"
    assert AuditEntry.objects.get(action="consent.reconfirmed").patient == patient
