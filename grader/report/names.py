"""File names for submissions: safe on every file system, in a link, and unique."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["file_names", "slug"]

LONGEST = 80
HASH_LENGTH = 8
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)


def slug(name: str) -> str:
    """Letters, digits, dot, dash and underscore; a short hash when anything had to change."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", plain)
    plain = re.sub(r"\.{2,}", ".", plain).strip("-._")[:LONGEST].strip("-._")
    if plain and plain == name and not _RESERVED.match(name):
        return name
    return with_hash(plain or "submission", name)


def with_hash(plain: str, name: str) -> str:
    """Tell names apart that look the same after cleaning."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{plain}-{digest[:HASH_LENGTH]}"


def file_names(names: Iterable[str]) -> dict[str, str]:
    """A file name (without ending) for each name.

    Names that differ by case only get a hash each: some file systems see them as one file.
    """
    slugs = {name: slug(name) for name in names}
    folded = Counter(value.casefold() for value in slugs.values())
    return {
        name: value if folded[value.casefold()] == 1 else with_hash(value, name)
        for name, value in slugs.items()
    }
