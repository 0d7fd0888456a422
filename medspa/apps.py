from django.apps import AppConfig


class MedspaConfig(AppConfig):
    name = "medspa"

    def ready(self) -> None:
        from medspa import checks  # noqa: F401  (registers the system checks)
