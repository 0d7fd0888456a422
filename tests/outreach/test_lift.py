"""What a sequence is worth against who was left out by lot."""

from datetime import timedelta

import pytest
from django.urls import reverse

from members import consent
from members.models import Visit
from outreach import lift, playbooks, results
from outreach.models import Enrolment, Message, Sequence
from tests import factories
from tests.factories import NOON

DAY = timedelta(days=1)


def test_the_interval_is_the_published_one():
    """Newcombe 1998, table II, (a): 56 of 70 against 48 of 80, method 10."""
    low, high = lift.difference(lift.Group(56, 70), lift.Group(48, 80))

    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_none_of_a_few_against_none_has_an_interval_that_holds_nought():
    low, high = lift.difference(lift.Group(0, 10), lift.Group(0, 20))

    assert low < 0 < high


def enrol(sequence, *, held_out, came_after=None, ago=40 * DAY) -> None:
    member, began = factories.make_membership(), NOON - ago
    Enrolment.objects.create(
        sequence=sequence, membership=member, cause="unused", started_at=began, status="ended", ended_at=began,
        held_out=held_out,
    )  # fmt: skip
    if came_after is not None:
        at = began + came_after * DAY
        Visit.objects.create(
            patient=member.patient, service=factories.make_service(), location=member.location, starts_at=at,
            ends_at=at + DAY / 24, status="completed",
        )  # fmt: skip


@pytest.fixture
def nudge(db):
    factories.make_location()
    playbooks.install()
    return Sequence.objects.get(slug="utilization")


def test_visits_within_thirty_days_are_compared_and_younger_enrolments_wait(nudge):
    enrol(nudge, held_out=False, came_after=5)
    enrol(nudge, held_out=False, came_after=35)
    enrol(nudge, held_out=True)
    enrol(nudge, held_out=False, came_after=1, ago=10 * DAY)

    found = lift.of(nudge, now=NOON)

    assert (found.written_to, found.left_out) == (lift.Group(1, 2), lift.Group(0, 1))
    assert (found.points, found.is_told) == (50.0, False)


def test_a_win_back_is_worth_who_joined_again_within_thirty_days(nudge):
    win_back = Sequence.objects.get(slug="win_back")
    for held_out, joined_after in ((False, 3), (False, 45), (True, None)):
        enrol(win_back, held_out=held_out)
        if joined_after:
            ended = Enrolment.objects.order_by("-pk").first().membership
            ended.status, ended.ended_at = "cancelled", NOON - 50 * DAY
            ended.save()
            began = (NOON - 40 * DAY + joined_after * DAY).date()
            factories.make_membership(ended.patient, started_on=began)

    found = lift.of(win_back, now=NOON)

    assert (found.what, found.written_to, found.left_out) == ("joined again", lift.Group(1, 2), lift.Group(0, 1))


def test_nothing_is_said_while_nobody_was_left_out(nudge):
    enrol(nudge, held_out=False, came_after=5)

    assert lift.of(nudge, now=NOON) is None


def test_the_sequence_s_page_shows_it(nudge, client, monkeypatch):
    monkeypatch.setattr("common.clock.now", lambda: NOON)
    enrol(nudge, held_out=False, came_after=5)
    enrol(nudge, held_out=True)
    client.force_login(factories.make_staff())

    page = client.get(reverse("outreach:sequence", args=["utilization"])).content.decode()

    assert "100.0 points" in page
    assert "100.0 % came in (1 of 1)" in page


def written(sequence, step, *, ago, member=None, status="delivered") -> Message:
    """The text of a step that went out `ago`, to a member in the sequence."""
    member = member or factories.make_membership(factories.make_patient())
    enrolment, _ = Enrolment.objects.get_or_create(
        sequence=sequence, membership=member, cause="x", defaults={"started_at": NOON - ago, "next_at": NOON}
    )
    went = NOON - ago
    return Message.objects.create(
        direction="out", kind="marketing", status=status, patient=member.patient, address=member.patient.phone,
        location=member.location, enrolment=enrolment, dedupe_key=f"enrolment:{enrolment.pk}:step:{step}", body="Hi",
        created_at=went, due_at=went, sent_at=None if status == "held" else went,
    )  # fmt: skip


def answers(text, *, after) -> None:
    at = text.created_at + after
    Message.objects.create(
        direction="in", kind="inbound", status="received", patient=text.patient, address=text.address, body="Yes",
        created_at=at,
    )  # fmt: skip


class TestPerStep:
    @pytest.fixture
    def desk(self, db, client, monkeypatch):
        monkeypatch.setattr("common.clock.now", lambda: NOON)
        client.force_login(factories.make_staff())
        return client

    @pytest.fixture
    def win_back(self, nudge):
        return Sequence.objects.get(slug="win_back")

    def shown(self, desk, sequence) -> str:
        return desk.get(reverse("outreach:sequence", args=[sequence.slug])).content.decode()

    def rows(self, desk, sequence, step, what) -> int:
        page = desk.get(reverse("outreach:step_texts", args=[sequence.slug, step]), {"what": what})
        return page.content.decode().count("decisions about this text")

    def test_each_number_of_a_step_opens_its_texts(self, desk, win_back):
        answered, booked = written(win_back, 0, ago=5 * DAY), written(win_back, 0, ago=5 * DAY, status="sent")
        stopped = written(win_back, 0, ago=5 * DAY)
        written(win_back, 0, ago=5 * DAY, status="held")
        answers(answered, after=DAY)
        answers(stopped, after=DAY)
        visit = factories.make_visit(booked.patient, NOON + DAY)
        Visit.objects.filter(pk=visit.pk).update(booked_at=NOON - 3 * DAY)
        consent.opt_out(address=stopped.address, channel="sms", wording="STOP", source="text", now=NOON - 4 * DAY)

        page = self.shown(desk, win_back)

        numbers = {"sent": 3, "delivered": 2, "kept_back": 1, "replied": 1, "booked": 1, "opted_out": 1}
        for what, count in numbers.items():
            assert f"{count} {results.OUTCOMES[what][0]}</a>" in page
            assert self.rows(desk, win_back, 0, what) == count

    def test_what_follows_counts_for_the_text_before_it_and_for_seven_days(self, desk, win_back):
        first = written(win_back, 0, ago=12 * DAY)
        second = written(win_back, 1, ago=9 * DAY, member=first.enrolment.membership)
        answers(first, after=4 * DAY)  # after the second went out: it is the answer to that one
        late = written(win_back, 2, ago=20 * DAY)
        answers(late, after=8 * DAY)

        assert [self.rows(desk, win_back, step, "replied") for step in (0, 1, 2)] == [0, 1, 0]
        assert second.pk != first.pk

    def test_a_payment_that_came_after_the_text_is_recovered(self, desk, nudge):
        recovery = Sequence.objects.get(slug="payment_recovery")
        text = written(recovery, 1, ago=3 * DAY)
        factories.make_invoice(text.enrolment.membership, first_failed_at=NOON - 5 * DAY, paid_at=NOON - 2 * DAY)

        assert "1 recovered</a>" in self.shown(desk, recovery)
        assert self.rows(desk, recovery, 1, "recovered") == 1

    def test_staff_of_one_location_count_and_open_its_texts_only(self, client, desk, win_back):
        written(win_back, 0, ago=DAY)
        elsewhere = factories.make_location(name="Dallas", external_id="dallas")
        written(win_back, 0, ago=DAY, member=factories.make_membership(factories.make_patient(), location=elsewhere))
        bound = factories.make_staff("austin@example.com")
        bound.roles.update(location=factories.make_location())
        client.force_login(bound)

        assert "1 sent</a>" in self.shown(client, win_back)
        assert self.rows(client, win_back, 0, "sent") == 1

    def test_an_outcome_that_does_not_exist_is_not_found(self, desk, win_back):
        assert desk.get(reverse("outreach:step_texts", args=["win_back", 0]), {"what": "dreams"}).status_code == 404
