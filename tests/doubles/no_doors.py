"""A URLconf without any address."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
