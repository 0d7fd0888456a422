"""The web server's entry. Refuses to start on settings that a system check calls an error."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medspa.settings")
application = get_wsgi_application()

from django.core.management import call_command  # noqa: E402  (needs the apps that the line above loads)

call_command("check", "--fail-level", "ERROR", verbosity=0)
