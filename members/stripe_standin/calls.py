"""What a handler is given, and what it may answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from members.stripe_standin import forms
from members.stripe_standin.problems import Problem, required
from members.stripe_standin.store import Body

Answer = Body | Problem


@dataclass(frozen=True)
class Call:
    """One request: the id in its path ("" if none), its decoded parameters, the moment."""

    path: str
    ident: str
    params: dict[str, Any]
    now: datetime

    def need(self, name: str) -> Any:
        """Raises Problem parameter_missing."""
        value = self.params.get(name)
        if value in (None, ""):
            raise required(name)
        return value

    def word(self, name: str) -> str:
        return str(self.params.get(name) or "")

    @property
    def paging(self) -> dict[str, Any]:
        """For `store.page`."""
        return {
            "url": self.path,
            "limit": forms.integer(self.params.get("limit", "10"), "limit"),
            "starting_after": self.word("starting_after"),
        }
