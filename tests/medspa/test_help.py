"""Every page of the portal explains itself under its `?`."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from tests import factories

TEMPLATES = Path(settings.BASE_DIR) / "templates"
HELP = sorted(str(path.relative_to(TEMPLATES)) for path in (TEMPLATES / "help").rglob("*.html"))
# One template for several addresses: the help is found by the address's name (tests/medspa/test_access.py looks there).
SHARED = {"portal/setup/edit.html", "portal/setup/register.html"}


def pages() -> set[str]:
    """The templates that draw the portal's frame, directly or by way of another page."""
    return {
        str(path.relative_to(TEMPLATES))
        for path in TEMPLATES.rglob("*.html")
        if re.match(r'{% extends "(portal/base|concierge/inbox)\.html" %}', path.read_text())
    }


def test_every_page_has_its_help():
    assert len(pages()) > 50
    assert sorted(page for page in pages() - SHARED if f"help/{page}" not in HELP) == []


@pytest.mark.parametrize("name", HELP)
def test_help_is_three_to_six_sentences(name):
    lines = re.findall(r"<p>(.+?)</p>", render_to_string(name))

    assert 3 <= len(lines) <= 6
    assert all(len(line) < 170 for line in lines)


@pytest.mark.django_db
def test_a_refused_form_keeps_the_help_of_its_page(client):
    client.force_login(factories.make_staff(role="owner"))

    answer = client.post(reverse("portal:invite"), {"email": "no address"})

    assert answer.status_code == 422
    assert "Help for this page" in answer.content.decode()
    assert "Who works here, with their roles." in answer.content.decode()
