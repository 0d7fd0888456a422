"""The month's figures by mail: once, on the first, on the practice's clock, to the owners."""

from datetime import UTC, date, datetime, timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from django.urls import reverse

from medspa import monthly
from medspa.models import MonthlyMail
from members import metric_snapshots
from members.models import Practice, Visit
from tests import factories

pytestmark = pytest.mark.django_db
# Eight in the morning of 1 July in Austin.
EIGHT = datetime(2026, 7, 1, 13, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def owner(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    factories.make_practice()
    factories.make_location()
    return factories.make_staff("olivia@glowtheory.example", role="owner")


def came(at) -> None:
    member = factories.make_membership(started_on=date(2026, 1, 1))
    Visit.objects.create(
        patient=member.patient, service=factories.make_service(), location=member.location, starts_at=at,
        ends_at=at + HOUR, status="completed",
    )  # fmt: skip


def test_it_comes_once_at_eight_in_the_morning_of_the_practice_however_often_the_round_runs():
    sent = [monthly.send_due(now=at) for at in (EIGHT - HOUR / 60, EIGHT, EIGHT, EIGHT + 30 * HOUR)]

    assert sent == [0, 1, 0, 0]
    assert [one.to for one in outbox.outbox] == [["olivia@glowtheory.example"]]


def test_it_compares_the_month_that_ended_with_the_one_before_and_leads_to_the_page():
    came(EIGHT - timedelta(days=5))
    factories.make_membership(started_on=date(2026, 1, 1))
    metric_snapshots.recompute(month=date(2026, 5, 1), now=EIGHT)

    monthly.send_due(now=EIGHT)

    [message] = outbox.outbox
    html, kind = message.alternatives[0]
    assert message.subject == "Glow Theory: your figures of June 2026"
    assert "Utilization: 50.0 % (before: 0.0 %, +50.0 points)" in message.body
    assert f"{reverse('members:metrics')}?month=2026-06" in message.body
    assert kind == "text/html"
    assert "<strong>50.0 %</strong>" in html


def test_an_owner_of_one_location_gets_its_figures_only(owner):
    came(EIGHT - timedelta(days=5))
    dallas = factories.make_location(name="Dallas", external_id="dallas")
    factories.make_membership(factories.make_patient(home_location=dallas), started_on=date(2026, 1, 1))
    owner.roles.update(location=factories.make_location())

    monthly.send_due(now=EIGHT)

    body = outbox.outbox[0].body
    assert ("Austin" in body, "Dallas" in body, "All" in body) == (True, False, False)
    assert "Utilization: 100.0 %" in body


def test_several_locations_have_a_part_each():
    came(EIGHT - timedelta(days=5))
    factories.make_location(name="Dallas", external_id="dallas")

    monthly.send_due(now=EIGHT)

    assert [part in outbox.outbox[0].body for part in ("All locations", "Austin", "Dallas")] == [True] * 3


def test_only_owners_of_a_live_practice_that_wants_it_are_written_to():
    factories.make_staff("desk@glowtheory.example", role="front_desk")
    Practice.objects.update(monthly_mail=False)
    off = monthly.send_due(now=EIGHT)
    Practice.objects.update(monthly_mail=True, live_since=None)
    not_live = monthly.send_due(now=EIGHT)
    Practice.objects.update(live_since=EIGHT)

    assert (off, not_live, monthly.send_due(now=EIGHT)) == (0, 0, 1)


class Unreachable(EmailBackend):
    """A mail server that goes away."""

    def send_messages(self, messages):
        raise SMTPServerDisconnected("gone")


def test_a_mail_server_that_goes_away_is_asked_again_an_hour_later(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Unreachable"
    failed = monthly.send_due(now=EIGHT)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    assert [failed, monthly.send_due(now=EIGHT + HOUR / 2), monthly.send_due(now=EIGHT + HOUR)] == [0, 0, 1]


def test_a_crash_after_the_claim_sends_no_second_mail(owner):
    MonthlyMail.objects.create(month=date(2026, 6, 1), owner=owner, due_at=EIGHT, claimed_at=EIGHT, tries=1)

    assert monthly.send_due(now=EIGHT + HOUR) == 0


def test_the_settings_switch_it_off(client, owner):
    client.force_login(owner)
    path = reverse("portal:setup_practice")
    form = client.get(path).context["form"]
    seen = client.get(path).context["seen"]
    values = {name: form[name].value() for name in form.fields if name != "monthly_mail"}

    client.post(path, {**values, "phone": "512-555-0100", "seen": seen})

    assert Practice.current().monthly_mail is False
