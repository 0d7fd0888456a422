"""Mounted under /phonebook/ where the demo is on."""

from django.urls import path

from medspa.demo import telephone, views

app_name = "demo"

urlpatterns = [
    path("", views.phonebook, name="phonebook"),
    path("find/", views.find, name="find"),
    path("clock/", views.advance, name="clock"),
    path("clock/played/", views.played, name="played"),
    path("<str:number>/", views.handset, name="handset"),
    path("<str:number>/thread/", views.transcript, name="transcript"),
    path("<str:number>/standing/<int:pk>/", views.standing, name="standing"),
    path("<str:number>/text/", views.type_text, name="type_text"),
    path("<str:number>/dial/", telephone.dial, name="dial"),
    path("<str:number>/line/", telephone.line, name="line"),
    path("<str:number>/call/<int:pk>/", telephone.act, name="call_act"),
    path("<str:number>/charge/", views.charge, name="charge"),
]
