"""Settings read from the environment, in a process of their own."""

import os
import subprocess
import sys

import pytest

ASK = "from django.conf import settings; d = settings.DATABASES['default']; print(d['ENGINE'], d['NAME'])"


@pytest.mark.parametrize(
    ("url", "engine", "name"),
    [
        ("", "django.db.backends.sqlite3", "demo.sqlite3"),
        ("postgres://medspa@db.example:5432/practice", "django.db.backends.postgresql", "practice"),
    ],
)
def test_an_empty_database_url_is_the_embedded_default_and_another_is_obeyed(url, engine, name):
    env = {**os.environ, "DEMO": "true", "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "medspa.settings"}

    said = subprocess.run([sys.executable, "-c", ASK], env=env, capture_output=True, text=True, check=True).stdout

    assert said.split()[0] == engine
    assert said.strip().endswith(name)
