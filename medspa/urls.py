"""Every address of the product, by the floor that owns it."""

from django.urls import URLPattern, URLResolver, include, path

from medspa import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("medspa.portal.urls")),
    path("", include("members.urls")),
]
