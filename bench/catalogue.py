"""Every bench by its name."""

from collections.abc import Callable

from bench import importing, measuring, paging, paying, sending, texting, understanding, weekly
from bench.harness import Result

BENCHES: dict[str, Callable[[int, int], list[Result]]] = {
    module.NAME: module.measure
    for module in (importing, measuring, weekly, sending, texting, paying, paging, understanding)
}
