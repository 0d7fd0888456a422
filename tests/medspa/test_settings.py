"""Settings read from the environment, in a process of their own."""

import os
import subprocess
import sys

import pytest
from django.db import connection

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


@pytest.mark.postgres
@pytest.mark.django_db
def test_statements_are_not_compiled_which_took_longer_than_running_them():
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")

        assert cursor.fetchone() == ("off",)


def test_options_of_the_database_url_are_kept_beside_ours():
    env = {**os.environ, "DEMO": "true", "DATABASE_URL": "postgres://medspa@db.example/p?sslmode=require"}
    env["DJANGO_SETTINGS_MODULE"] = "medspa.settings"
    ask = "from django.conf import settings; o = settings.DATABASES['default']['OPTIONS']; print(o)"

    said = subprocess.run([sys.executable, "-c", ask], env=env, capture_output=True, text=True, check=True).stdout

    assert said.strip() == "{'sslmode': 'require', 'options': '-c jit=off'}"
