"""From an empty database to going live, by the pages; and nothing is sent by itself before that."""

from datetime import date, time, timedelta

import pytest
from django.urls import reverse

from common import clock
from concierge import answering
from medspa.models import Heartbeat
from medspa.portal.setup import checklist
from members.models import (
    AuditEntry,
    BusinessAssociate,
    Confirmation,
    Escalation,
    Location,
    OnCallContact,
    Practice,
    Service,
)
from outreach import inbound, outbox
from outreach.models import Message
from tests import factories

pytestmark = pytest.mark.django_db
HOURS = {f"{edge}_{day}": "" for day in range(7) for edge in ("opens", "closes")}
AUSTIN = {
    "name": "Austin", "street": "1 Congress Ave", "city": "Austin", "state": "TX", "zip_code": "78701",
    "time_zone": "", "phone": "(512) 555-0100", "transfer_number": "", **HOURS,
    "opens_0": "09:00", "closes_0": "18:00",
}  # fmt: skip


@pytest.fixture
def owner(client):
    owner = factories.make_staff("owner@glowtheory.example", role="owner")
    client.force_login(owner)
    return owner


def name_practice(client, **fields):
    values = {"name": "Glow", "legal_name": "Glow LLC", "phone": "512 555 0100", "email": "hi@glow.example", **fields}
    return client.post(reverse("portal:setup_practice"), values)


def meet_everything(client, owner):
    name_practice(client)
    client.post(reverse("portal:setup_new_location"), AUSTIN)
    factories.make_plan()
    client.post(reverse("portal:setup_on_call"), {"do": "add", "name": "Riley Stone", "phone": "512 555 0191"})
    for vendor in ("hosting", "backups", "texting", "email"):
        agreement = {"do": "add", "vendor": vendor, "name": "Acme", "signed_on": "2026-01-05"}
        client.post(reverse("portal:setup_agreements"), agreement)
    for kind in Confirmation.Kind.values:
        client.post(reverse("portal:setup_change_live"), {"do": "confirm", "kind": kind})
    Heartbeat.objects.create(name="tick", beat_at=clock.now(), seconds=0.1)


def test_an_empty_database_goes_live_by_the_pages_alone(client, owner):
    meet_everything(client, owner)

    page = client.post(reverse("portal:setup_change_live"), {"do": "start"}, follow=True).content.decode()

    assert "You are live" in page
    assert Practice.current().live_since is not None
    assert AuditEntry.objects.filter(action="practice.went_live", actor=f"staff:{owner.pk}").exists()


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        (lambda: OnCallContact.objects.all().delete(), "paged about an emergency"),  # R162
        (lambda: BusinessAssociate.objects.filter(vendor="texting").delete(), "signed an agreement"),  # R105
        (lambda: BusinessAssociate.objects.update(ends_on=date(2026, 1, 6)), "signed an agreement"),
        (lambda: Confirmation.objects.filter(kind="carrier").delete(), "registered with the carriers"),  # R47
        (lambda: Confirmation.objects.filter(kind="ai_notice").delete(), "automated assistant"),  # R156
        (lambda: Location.objects.get().business_hours.all().delete(), "opening hours"),
        (lambda: Heartbeat.objects.update(beat_at=clock.now() - timedelta(hours=1)), "recurring work"),
    ],
)
def test_going_live_is_refused_while_something_is_missing_and_says_what(client, owner, lost, named):
    meet_everything(client, owner)
    lost()

    page = client.post(reverse("portal:setup_change_live"), {"do": "start"}, follow=True).content.decode()

    assert "Still missing" in page
    assert named in page
    assert Practice.current().live_since is None


def test_the_notice_of_an_assistant_is_asked_in_texas_only(client, owner):
    meet_everything(client, owner)
    Location.objects.update(state="AZ")

    asked = [line.confirms for line in checklist.requirements(now=clock.now()) if line.confirms]

    assert "ai_notice" not in asked


def test_no_switch_of_the_practice_turns_a_safeguard_off():
    """R104: what is switched is what we say by ourselves, never how patients' data is kept."""
    switches = {field.name for field in Practice._meta.get_fields() if field.get_internal_type() == "BooleanField"}

    assert switches == {"concierge_on", "nudges_on", "recovery_on", "upgrades_on", "win_back_on", "monthly_mail"}


def test_only_an_owner_goes_live(client):
    client.force_login(factories.make_staff(role="manager"))

    page = client.post(reverse("portal:setup_change_live"), {"do": "start"})

    assert page.status_code == 403


def test_before_going_live_nothing_is_sent_by_itself_but_an_opt_out_is_kept_and_confirmed(client):
    """R47: and nobody goes live whose number is not registered."""
    membership = factories.make_membership()
    Practice.objects.update(live_since=None)
    phone = membership.patient.phone

    held = outbox.post(
        kind=Message.Kind.SERVICING, body="Hello", dedupe_key="a", patient=membership.patient, now=factories.NOON
    )
    inbound.receive(
        sid="SM1", sender=phone, recipient="", body="stop please", media_count=0, opt_out_type="", now=factories.NOON
    )

    assert (held.status, held.reason) == ("held", "The practice is not live yet.")
    assert Message.objects.get(kind="opt_out").status == "queued"


def test_before_going_live_a_question_goes_to_a_person(client):
    membership = factories.make_membership()
    Practice.objects.update(live_since=None)
    asked = inbound.receive(
        sid="SM1", sender=membership.patient.phone, recipient="", body="Do I still have my facial credit?",
        media_count=0, opt_out_type="", now=factories.NOON,
    ).message  # fmt: skip

    answering.answer(asked.pk, now=factories.NOON)

    assert Escalation.objects.get().patient == membership.patient
    assert not Message.objects.filter(direction="out").exists()


# --- editing ----------------------------------------------------------------------------------------------------------


def test_a_location_gets_its_zone_from_the_zip_code_and_its_hours_day_by_day(client, owner):
    client.post(reverse("portal:setup_new_location"), {**AUSTIN, "opens_5": "10:00", "closes_5": "14:00"})

    austin = Location.objects.get()
    assert (austin.time_zone, austin.phone, austin.external_id) == ("America/Chicago", "+15125550100", "austin")
    assert [(hours.weekday, hours.opens) for hours in austin.business_hours.all()] == [(0, time(9)), (5, time(10))]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"phone": "555"}, "Only US phone numbers"),
        ({"zip_code": "00000"}, "choose the time zone"),
        ({"closes_0": "08:00"}, "it must close after it opens"),
        ({"closes_0": ""}, "give both times"),
        ({"state": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_the_rest_is_kept(client, owner, wrong, said):
    page = client.post(reverse("portal:setup_new_location"), {**AUSTIN, **wrong})

    assert page.status_code == 422
    assert said in page.content.decode()
    assert 'value="1 Congress Ave"' in page.content.decode()
    assert not Location.objects.exists()


def test_two_people_do_not_overwrite_each_other(client, owner):
    name_practice(client)
    mine = client.get(reverse("portal:setup_practice")).context["seen"]
    name_practice(client, name="Glow Theory")

    refused = name_practice(client, name="Glow Austin", seen=mine)
    again = name_practice(client, name="Glow Austin", seen=refused.context["seen"])

    assert refused.status_code == 422
    assert "Somebody else changed this meanwhile" in refused.content.decode()
    assert [(one.what, one.theirs, one.yours) for one in refused.context["both"]] == [
        ("Name as patients know it", "Glow Theory", "Glow Austin")
    ]
    assert '<td data-label="Theirs:" class="labelled">Glow Theory</td>' in refused.content.decode()
    assert 'value="Glow Austin"' in refused.content.decode()
    assert again.status_code == 302
    assert Practice.current().name == "Glow Austin"


def test_a_service_takes_its_price_in_dollars_and_the_words_of_patients(client, owner):
    values = {
        "name": "HydraGlow", "category": "Facials", "duration_minutes": "45", "price": "189.50",
        "nicknames": "facial, hydra",
    }  # fmt: skip

    client.post(reverse("portal:setup_new_service"), values)

    service = Service.objects.get()
    assert (service.price_cents, service.nicknames, service.external_id) == (18950, ["facial", "hydra"], "hydraglow")
    assert "189.50" in client.get(reverse("portal:setup_service", args=[service.pk])).content.decode()


def test_each_change_is_on_record_with_what_changed_and_no_contact_data(client, owner):
    name_practice(client)

    name_practice(client, phone="512 555 0199")

    entry = AuditEntry.objects.filter(action="practice.changed").first()
    assert entry.data["fields"] == ["phone"]
    assert "5550199" not in str(entry.data)


def test_people_on_call_stand_in_the_order_in_which_they_were_added(client, owner):
    for name in ("Riley", "Olivia"):
        client.post(reverse("portal:setup_on_call"), {"do": "add", "name": name, "phone": "512 555 0191"})

    client.post(reverse("portal:setup_on_call"), {"do": "remove", "pk": OnCallContact.objects.first().pk})

    assert [(one.position, one.name) for one in OnCallContact.objects.all()] == [(2, "Olivia")]


def test_connections_name_what_is_missing_and_answer_when_asked(client, owner):
    page = client.post(reverse("portal:setup_connections")).content.decode()

    assert page.count("Answers") == 3


def test_a_mail_server_that_does_not_answer_is_named(client, owner, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.DEMO = "mail.glow.example", True

    page = client.post(reverse("portal:setup_connections")).content.decode()

    assert "Does not answer" in page


def test_the_legal_tables_show_each_row_with_source_and_review(client, owner):
    page = client.get(reverse("portal:setup_legal")).content.decode()

    assert "Mon–Fri 09:00–20:00" in page
    assert "Nov 23, 2026" in page
