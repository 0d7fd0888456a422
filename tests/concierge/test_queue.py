import re
from datetime import timedelta

import pytest
from django.urls import reverse

from common import clock
from concierge.models import Conversation, Turn
from members import consent, credits, escalations
from members.models import AuditEntry, Escalation
from outreach.models import Message
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _tuesday_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def dana():
    return factories.make_staff()


@pytest.fixture
def kim():
    kim = factories.make_staff("kim@glowtheory.example", role="manager")
    kim.first_name, kim.last_name = "Kim", "Okafor"
    kim.save()
    return kim


@pytest.fixture
def desk(client, dana):
    client.force_login(dana)
    return client


def open_case(patient=None, *, ago=timedelta(), **fields) -> Escalation:
    if patient is None and "phone" not in fields:
        patient = factories.make_membership().patient
    values = {"reason": "question", "summary": "Asks about a refund.", "patient": patient, "now": NOON - ago}
    return escalations.open(**{**values, **fields})


def text(case, body, *, direction="in", kind="inbound", status="received", **fields):
    return Message.objects.create(
        direction=direction, kind=kind, status=status, patient=case.patient, address=case.phone, body=body,
        created_at=NOON - timedelta(minutes=5), due_at=None if direction == "in" else NOON, **fields,
    )  # fmt: skip


def read(desk, case) -> str:
    return desk.get(reverse("concierge:escalation", args=[case.pk])).content.decode()


def act(desk, name, case, data=None, **extra):
    return desk.post(reverse(f"concierge:{name}", args=[case.pk]), data or {}, **extra)


# --- the queue


def shown(desk, **asked) -> list[str]:
    rows = desk.get(reverse("concierge:queue"), asked).context["table"].page.object_list
    return [row.record.summary for row in rows]


def test_an_empty_queue_says_what_will_appear(desk):
    page = desk.get(reverse("concierge:queue")).content.decode()

    assert "Nobody is waiting." in page


def test_emergencies_come_first_then_what_is_due_first(desk):
    open_case(summary="new")
    open_case(summary="old", ago=timedelta(hours=3))
    open_case(summary="grave", severity=Escalation.Severity.EMERGENCY, reason="emergency")

    order = shown(desk)

    assert order == ["grave", "old", "new"]


def test_the_folders_keep_open_mine_and_resolved_apart(desk, dana, kim):
    open_case(summary="free")
    mine, hers, done = open_case(summary="mine"), open_case(summary="hers"), open_case(summary="done")
    escalations.claim(escalation=mine, by=dana, now=NOON)
    escalations.claim(escalation=hers, by=kim, now=NOON)
    escalations.resolve(escalation=done, by=kim, outcome="Called back", now=NOON)

    folders = {folder: set(shown(desk, folder=folder)) for folder in ("open", "mine", "resolved", "nonsense")}

    assert folders["open"] == folders["nonsense"] == {"free", "mine", "hers"}
    assert folders["mine"] == {"mine"}
    assert folders["resolved"] == {"done"}


def test_the_queue_shows_who_has_a_case_and_how_late_it_is(desk, kim):
    case = open_case(ago=timedelta(hours=2))
    escalations.claim(escalation=case, by=kim, now=NOON)

    page = desk.get(reverse("concierge:queue")).content.decode()

    assert "Kim Okafor" in page
    assert "overdue 1 h" in page
    assert "waiting 2 h" in page


def test_the_queue_takes_no_more_than_twelve_queries(desk, django_assert_max_num_queries):
    for number in range(26):
        open_case(summary=f"case {number}")

    with django_assert_max_num_queries(12):
        page = desk.get(reverse("concierge:queue")).content.decode()

    assert "case 24" in page
    assert "page=2" in page


# --- one case


def test_a_case_shows_conversation_why_and_how_the_member_stands(desk):
    member = factories.make_membership()
    credits.grant(
        membership=member, service=factories.make_service(), quantity=2, key="g", expires_at=NOON + timedelta(days=9),
        actor="stripe", reason="Paid period", now=NOON - timedelta(days=1),
    )  # fmt: skip
    case = open_case(member.patient)
    asked = text(case, "Am I charged twice?")
    conversation = Conversation.objects.create(phone=case.phone, patient=member.patient)
    Turn.objects.create(
        message=asked,
        conversation=conversation,
        started_at=NOON,
        intent="billing_dispute",
        rule="Money goes to a person (R166).",
    )
    text(
        case, "Pay here: {link}", direction="out", kind="servicing", status="undelivered", reason="Number not reachable"
    )

    page = read(desk, case)

    for fact in (
        "Asks about a refund.", "Am I charged twice?", "understood as billing dispute", "Money goes to a person",
        "Pay here: [secure link]", "Not delivered: Number not reachable", "2 × Signature Facial", "Service and offers",
        "Due in 1 h",
    ):  # fmt: skip
        assert fact in page, fact
    assert "R166" not in page


def test_a_text_that_was_not_understood_says_only_who_answers(desk):
    case = open_case()
    conversation = Conversation.objects.create(phone=case.phone, patient=case.patient)
    Turn.objects.create(
        message=text(case, "Zorp?"),
        conversation=conversation,
        started_at=NOON,
        intent="other",
        rule="A person answers.",
    )

    page = read(desk, case)

    assert "A person answers." in page
    assert "understood as" not in page


def test_the_thread_is_drawn_again_only_when_it_changed(desk):
    case = open_case()
    text(case, "Hello?")
    address = reverse("concierge:transcript", args=[case.pk])
    seen = re.search(r'name="seen" value="([^"]+)"', read(desk, case))[1]

    same = desk.get(address, {"seen": seen}, headers=HTMX)
    text(case, "Anyone?")
    changed = desk.get(address, {"seen": seen}, headers=HTMX)

    assert same.status_code == 204
    assert "Anyone?" in changed.content.decode()


def test_closing_a_possible_emergency_asks_first(desk):
    emergency = open_case(reason="emergency", severity=Escalation.Severity.EMERGENCY)
    question = open_case(factories.make_patient("Bea", "Calm"))

    assert "data-confirm=" in read(desk, emergency)
    assert "data-confirm=" not in read(desk, question)


def test_an_emergency_says_to_call(desk):
    case = open_case(reason="emergency", severity=Escalation.Severity.EMERGENCY)

    page = read(desk, case)

    assert "Call the patient now" in page
    assert f'href="tel:{case.phone}"' in page


def test_an_unknown_number_has_no_member_card_but_can_be_answered(desk):
    factories.make_location()
    case = open_case(phone="+15125559876", reason="unknown_number")

    page = read(desk, case)

    assert "No patient has this number." in page
    assert "Send text" in page


def test_a_case_without_a_number_offers_no_reply(desk):
    case = open_case(factories.make_patient(phone=""), reason="billing_sync")

    page = read(desk, case)
    refused = act(desk, "reply", case, {"body": "Hi"})

    assert "Send text" not in page
    assert refused.status_code == 409


def test_looking_at_a_case_is_on_record_and_polling_it_is_not(desk, dana):
    """R116."""
    case = open_case()

    read(desk, case)
    desk.get(reverse("concierge:transcript", args=[case.pk]), headers=HTMX)

    entry = AuditEntry.objects.get(action="patient.viewed")
    assert (entry.actor, entry.patient) == (f"staff:{dana.pk}", case.patient)


def test_a_case_takes_no_more_than_twelve_queries(desk, django_assert_max_num_queries):
    case = open_case()
    for number in range(20):
        text(case, f"text {number}")

    with django_assert_max_num_queries(12):
        page = read(desk, case)

    assert "text 19" in page


def test_polling_redraws_the_conversation_and_never_the_reply_box(desk):
    case = open_case()
    text(case, "A new text")

    part = desk.get(reverse("concierge:transcript", args=[case.pk]), headers=HTMX).content.decode()

    assert "A new text" in part
    assert "<textarea" not in part
    assert "<html" not in part


# --- what staff do


def test_a_claim_is_shown_to_who_made_it(desk, dana):
    case = open_case()

    response = act(desk, "claim", case, follow=True)

    case.refresh_from_db()
    assert case.claimed_by == dana
    assert "with <strong>you</strong>" in response.content.decode()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_claim_that_comes_too_late_says_who_was_first(desk, kim, headers):
    case = open_case()
    escalations.claim(escalation=case, by=kim, now=NOON)

    response = act(desk, "claim", case, headers=headers)

    assert response.status_code == 409
    assert "Kim Okafor already has this case." in response.content.decode()


def test_a_case_is_resolved_with_its_outcome(desk, dana):
    case = open_case()

    response = act(desk, "resolve", case, {"outcome": "Refunded one charge"}, follow=True)

    case.refresh_from_db()
    assert (case.state, case.resolved_by, case.outcome) == ("resolved", dana, "Refunded one charge")
    assert response.redirect_chain == [(reverse("concierge:queue"), 302)]
    assert "Case resolved." in response.content.decode()


def test_resolving_needs_an_outcome(desk):
    case = open_case()

    response = act(desk, "resolve", case, {"outcome": "  "})

    case.refresh_from_db()
    assert case.state == "open"
    assert "Say in a few words how it ended." in response.content.decode()


def test_a_case_that_a_colleague_resolved_keeps_what_was_typed(desk, kim):
    case = open_case()
    escalations.resolve(escalation=case, by=kim, outcome="Called back", now=NOON)

    response = act(desk, "resolve", case, {"outcome": "Refunded"})

    case.refresh_from_db()
    assert case.outcome == "Called back"
    assert "Kim Okafor already resolved this case. You had typed: “Refunded”." in response.content.decode()


def test_a_reply_goes_out_as_a_text_of_that_colleague_and_takes_the_case(desk, dana):
    case = open_case()

    response = act(desk, "reply", case, {"body": "I will call you at three."}, follow=True)

    message = Message.objects.get(kind="staff")
    case.refresh_from_db()
    assert (message.body, message.author, message.address) == ("I will call you at three.", dana, case.phone)
    assert case.claimed_by == dana
    assert "I will call you at three." in response.content.decode()


def test_after_a_reply_htmx_gets_an_empty_box_and_the_rest_redraws_itself(desk):
    case = open_case()

    response = act(desk, "reply", case, {"body": "I will call you at three."}, headers=HTMX)

    assert response.headers["HX-Trigger"] == "caseChanged"
    assert "<textarea" in response.content.decode()
    assert "I will call" not in response.content.decode()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_reply_that_may_not_be_sent_stays_in_the_box_with_the_reason(desk, headers):
    case = open_case()
    consent.opt_out(address=case.phone, channel="sms", wording="STOP", source="text", now=NOON)

    response = act(desk, "reply", case, {"body": "I will call you at three."}, headers=headers)

    page = response.content.decode()
    assert response.status_code == 409
    assert "I will call you at three.</textarea>" in page
    assert "opted out" in page
    assert not Message.objects.filter(kind="staff").exists()


def test_an_empty_reply_is_refused(desk):
    case = open_case()

    response = act(desk, "reply", case, {"body": "  "})

    assert "Write a reply first." in response.content.decode()


def test_the_concierge_can_be_silenced_and_let_speak_again(desk):
    case = open_case()

    act(desk, "take_pen", case)
    silenced = read(desk, case)
    act(desk, "give_back", case)
    speaking = read(desk, case)

    assert "Automatic answers are off for this number; you answer." in silenced
    assert "Turn automatic answers on" in silenced
    assert "Automatic answers are on for this number." in speaking
    assert "Turn them off and answer myself" in speaking


def test_what_patients_write_is_shown_as_text_never_as_markup(desk):
    case = open_case()
    text(case, "<script>alert(1)</script>")

    page = read(desk, case)

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


# --- emergencies, outcomes


def test_an_emergency_is_announced_on_every_page_until_somebody_has_seen_it(desk, dana):
    case = open_case(reason="emergency", severity=Escalation.Severity.EMERGENCY)
    before = desk.get(reverse("portal:today")).content.decode()

    act(desk, "acknowledge", case)
    after = desk.get(reverse("portal:today")).content.decode()

    case.refresh_from_db()
    assert f'data-alarm="{case.pk}"' in before
    assert "data-alarm" not in after
    assert (case.acknowledged_by, case.acknowledged_at) == (dana, NOON)
    assert AuditEntry.objects.filter(action="escalation.acknowledged", actor=f"staff:{dana.pk}").count() == 1


def test_an_emergency_that_is_raised_again_sounds_again(desk, dana):
    case = open_case(reason="emergency", severity=Escalation.Severity.EMERGENCY)
    escalations.acknowledge(escalation=case, by=dana, now=NOON)

    open_case(case.patient, reason="emergency", severity=Escalation.Severity.EMERGENCY, summary="It gets worse.")

    assert list(Escalation.objects.alarming()) == [case]


def test_the_alarm_is_drawn_again_only_when_it_changed(desk):
    case = open_case(reason="emergency", severity=Escalation.Severity.EMERGENCY)
    address = reverse("concierge:alarm")

    new, same = (desk.get(address, {"seen": seen}, headers=HTMX) for seen in ("", str(case.pk)))

    assert "I have seen it" in new.content.decode()
    assert same.status_code == 204


def test_how_a_case_ended_is_chosen_and_needs_words_only_for_something_else(desk):
    booked, other = open_case(), open_case(reason="human", patient=factories.make_patient("Bea", "Calm"))

    act(desk, "resolve", booked, {"result": "booked"})
    refused = [act(desk, "resolve", other, {"result": result}).status_code for result in ("other", "nonsense")]

    booked.refresh_from_db()
    other.refresh_from_db()
    assert (booked.state, booked.result) == ("resolved", "booked")
    assert (other.state, refused) == ("open", [409, 409])
