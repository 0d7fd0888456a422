"""Issue, list and revoke keys of the API. A new key is printed once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import clock
from common.errors import Refused
from members import api_keys
from members.models import ApiKey


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        issue = acts.add_parser("issue")
        issue.add_argument("name", help="Which system will use it.")
        issue.add_argument("--scope", action="append", required=True, choices=ApiKey.Scope.values)
        issue.add_argument("--requests-a-minute", type=int, default=120)
        acts.add_parser("list")
        acts.add_parser("revoke").add_argument("prefix", help="The part after msk_, as `list` shows it.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "issue":
            self._issue(options)
        elif options["act"] == "revoke":
            self._revoke(options["prefix"])
        else:
            for key in ApiKey.objects.all():
                state = "revoked" if key.revoked_at else ",".join(key.scopes)
                self.stdout.write(f"{key.prefix}  {state:<40}  {key.name}")

    def _issue(self, options: dict[str, Any]) -> None:
        try:
            _, token = api_keys.issue(
                name=options["name"], scopes=options["scope"], requests_a_minute=options["requests_a_minute"],
                actor="system", now=clock.now(),
            )  # fmt: skip
        except Refused as refused:
            raise CommandError(refused.message) from None
        self.stdout.write(token)

    def _revoke(self, prefix: str) -> None:
        key = ApiKey.objects.filter(prefix=prefix).first()
        if key is None:
            raise CommandError(f"There is no key {prefix}.")
        api_keys.revoke(key=key, actor="system", now=clock.now())
        self.stdout.write(f"{key.prefix} is revoked.")
