"""Settings of the test suite: the product's own, with the stand-ins on and slow parts made quick."""

import os
import tempfile

os.environ.setdefault("DEMO", "true")
os.environ.setdefault("PUBLIC_BASE_URL", "http://testserver")
os.environ["CLOCK_OFFSET_FILE"] = ""

from medspa.settings import *  # noqa: F403
from medspa.settings import STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
WHITENOISE_AUTOREFRESH = True  # no collected staticfiles/ in tests
UNDERSTAND_WAIT_SECONDS = 0.0  # no worker runs beside a test
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# Two suites on one PostgreSQL server need a database each.
if "TEST_DATABASE_NAME" in os.environ:
    DATABASES["default"]["TEST"] = {"NAME": os.environ["TEST_DATABASE_NAME"]}  # noqa: F405
elif DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    # A file, as in the product: a live server's threads on one in-memory connection would share its transactions too.
    DATABASES["default"]["TEST"] = {"NAME": f"{tempfile.gettempdir()}/medspa-tests-{os.getpid()}.sqlite3"}  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"  # noqa: F405
