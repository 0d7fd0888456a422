"""Mounted under /standin/ where the demo is on."""

from django.urls import path

from members.stripe_standin import pages

app_name = "standin"

urlpatterns = [
    path("checkout/<str:session_id>/", pages.checkout, name="checkout"),
    path("invoice/<str:invoice_id>/", pages.invoice, name="invoice"),
]
