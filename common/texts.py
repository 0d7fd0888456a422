"""Text that comes from outside, made fit to be kept."""

import re

# PostgreSQL stores no NUL; the other control characters say nothing and break a page.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|[\ud800-\udfff]")


def storable(text: str) -> str:
    """`text` without what no column takes: control characters (but tab and line ends) and halves of characters."""
    return _UNSTORABLE.sub("", text)
