"""The floors' web process: the product's database settings, no middleware, no other address than the floors' own."""

import os

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medspa.settings")
django.setup()  # apps look for their middleware here, so it is taken away afterwards
settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "bench.bare.doors"
application = WSGIHandler()
