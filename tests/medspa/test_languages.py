"""The portal speaks English and Spanish; what patients read follows the patient."""

import ast
import gettext
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from common.templatetags import facts
from medspa.portal import coded_words
from medspa.portal.shell import MENU, SAID
from members.models import AuditEntry
from tests import factories

SPANISH = Path(settings.BASE_DIR) / "locale" / "es" / "LC_MESSAGES"
TEMPLATES = Path(settings.BASE_DIR) / "templates"


def written() -> dict[str, str]:
    """What django.po says: the English, with its context and plural as gettext keys them, to the Spanish."""
    said: dict[str, str] = {}
    for block in SPANISH.joinpath("django.po").read_text().split("\n\n"):
        if "#, fuzzy" in block or re.search(r"^#~", block, re.M):
            continue
        parts: dict[str, str] = {}
        for line in block.splitlines():
            start = re.match(r"(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) ", line)
            if start:
                key = start.group(1)
                parts[key] = ast.literal_eval(line[start.end() :])
            elif line.startswith('"'):
                parts[key] += ast.literal_eval(line)
        name = f"{parts['msgctxt']}\x04{parts['msgid']}" if "msgctxt" in parts else parts.get("msgid", "")
        said[name] = parts.get("msgstr", parts.get("msgstr[0]", ""))
    return said


def compiled() -> dict[str, str]:
    with SPANISH.joinpath("django.mo").open("rb") as file:
        kept = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {name[0] if isinstance(name, tuple) else name: words for name, words in kept.items() if _first(name)}


def _first(name: str | tuple[str, int]) -> bool:
    return not isinstance(name, tuple) or name[1] == 0


@pytest.fixture
def spanish(db: None) -> Client:
    factories.make_membership()
    client = Client()
    ana = factories.make_staff(role="owner", language="es")
    client.force_login(ana)
    return client


def test_what_is_compiled_is_what_is_written():
    said = {name: words for name, words in written().items() if words and name}

    assert {name: words for name, words in compiled().items() if name} == said, "run `make messages`"


def test_every_sentence_of_a_template_is_known_to_the_translator():
    known = written()
    marked = {
        words
        for path in TEMPLATES.rglob("*.html")
        for words in re.findall(r'\{% translate "([^"]+)" %\}', path.read_text())
    }

    assert sorted(words for words in marked if words.replace("%", "%%") not in known and words not in known) == []


def test_a_translation_keeps_what_is_put_into_it():
    """A name lost on the way to Spanish would be an error on the page, or a blank."""
    holes = re.compile(r"%\((\w+)\)s|\{(\w+)\}")

    wrong = [
        name for name, words in written().items() if words and set(holes.findall(name)) != set(holes.findall(words))
    ]

    assert [name for name in wrong if name] == []


def test_the_menu_and_what_scripts_say_are_in_spanish():
    with translation.override("es"):
        english = [item.label for item in MENU if item.label not in ("Webhooks",)] + [*SAID.values(), *coded_words.ALL]
        same = {words for words in english if facts.translated(words) == words}

    assert same <= {"Error"}, "the same word in both languages is the exception"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("portal:today", "Necesita a una persona"),
        ("concierge:queue", "Escalaciones"),
        ("concierge:inbox", "Conversaciones"),
        ("mfa_index", "Su cuenta"),
        ("portal:setup", "Configuración"),
        ("portal:team", "Quién trabaja aquí"),
        ("members:plans", "Planes"),
        ("outreach:cadence", "Cadencia"),
    ],
)
def test_the_pages_of_the_desk_are_in_spanish(spanish, page, words):
    drawn = spanish.get(reverse(page)).content.decode()

    assert '<html lang="es">' in drawn
    assert words in drawn
    assert "Cerrar sesión" in drawn
    assert "Sign out" not in drawn


@pytest.mark.django_db
def test_the_sign_in_page_speaks_as_the_browser_asks_and_remembers_a_choice(client):
    asked = client.get(reverse("account_login"), headers={"accept-language": "es-MX,es;q=0.9"})
    chosen = client.post(reverse("portal:language"), {"language": "en", "next": "/login/?next=/members/"})
    after = client.get(reverse("account_login"), headers={"accept-language": "es-MX,es;q=0.9"})

    assert "Contraseña" in asked.content.decode()
    assert chosen.headers["Location"] == "/login/?next=/members/"
    assert "Password" in after.content.decode()


@pytest.mark.django_db
def test_a_choice_follows_the_account_to_another_browser(client):
    ana = factories.make_staff(role="front_desk")
    client.force_login(ana)
    client.post(reverse("portal:language"), {"language": "es", "next": "https://elsewhere.example/"})
    other = Client()
    other.force_login(ana)

    drawn = other.get(reverse("portal:today")).content.decode()

    assert '<html lang="es">' in drawn
    assert AuditEntry.objects.filter(action="team.language", actor=f"staff:{ana.pk}", data={"language": "es"}).exists()


@pytest.mark.django_db
def test_a_language_that_nobody_speaks_and_an_address_elsewhere_change_nothing(client):
    ana = factories.make_staff(role="front_desk")
    client.force_login(ana)

    answer = client.post(reverse("portal:language"), {"language": "xx", "next": "https://elsewhere.example/"})

    ana.refresh_from_db()
    assert (answer.status_code, answer.headers["Location"], ana.language) == (302, "/", "")
    assert settings.LANGUAGE_COOKIE_NAME not in answer.cookies


@pytest.mark.django_db
def test_the_language_costs_no_query(client):
    ana = factories.make_staff(role="owner")
    client.force_login(ana)
    client.get(reverse("portal:today"))
    with CaptureQueriesContext(connection) as english:
        client.get(reverse("portal:today"))
    type(ana).objects.filter(pk=ana.pk).update(language="es")
    with CaptureQueriesContext(connection) as spanish:
        client.get(reverse("portal:today"))

    assert len(spanish) == len(english)


def test_money_reads_the_same_and_a_day_is_said_in_spanish():
    june = datetime(2026, 6, 18, 20, 30, tzinfo=UTC)
    shown = (facts.money(19900), facts.day(june, "America/Chicago")[:10], facts.hour(june, "America/Chicago"))
    with translation.override("es"):
        in_spanish = (facts.money(19900), facts.day(june, "America/Chicago")[:10], facts.hour(june, "America/Chicago"))

    assert shown == ("$199.00", "Thu Jun 18", "3:30 pm")
    assert in_spanish == ("$199.00", "jue 18 jun", "3:30 pm")


def test_numbers_and_date_fields_are_written_as_in_english(spanish):
    from django.template import Context, Template

    with translation.override("es"):
        drawn = Template("{{ share|floatformat:1 }} {{ share }}").render(Context({"share": 61.5}))

    page = spanish.get(reverse("members:plan_new")).content.decode()
    assert drawn == "61.5 61.5"
    assert 'type="date"' in page


@pytest.mark.django_db
def test_a_patient_s_page_does_not_follow_the_browser_or_the_staff(client):
    client.force_login(factories.make_staff(role="owner", language="es"))

    answer = client.get("/m/nobody/", headers={"accept-language": "es"})

    assert answer.headers["Content-Language"] == "en"
