"""Downloads of a dataset that is at hand do nothing, and the code after them finds the data.

A file that is at hand is linked where the download would have put it. An archive becomes a short
note in its place; unpacking the note lays the dataset out, as links. So `urlretrieve`, `!wget`,
`git clone`, `tarfile`, `unzip` all lead to the grader's copy. What is not at hand fails as before.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from typing import TYPE_CHECKING, Any

from .served import is_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from .served import Copy, Served
    from .uses import Uses

__all__ = ["Fetcher"]

MARK = b"stands for the dataset "
MARK_LIMIT = 200
FETCHERS = frozenset({"wget", "curl", "git", "gdown", "kaggle", "aria2c", "axel"})
UNPACKERS = frozenset({"tar", "unzip", "gunzip", "7z", "bsdtar"})
WITH_VALUE = frozenset(
    """
    -O --output-document -o --output -P --directory-prefix -C --directory -d --depth -b
    --branch --header --user-agent -f --file -p --path
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
NAME_OPTIONS = {"wget": ("-O", "--output-document"), "curl": ("-o", "--output")}
FOLDER_OPTIONS = {
    "wget": ("-P", "--directory-prefix"),
    "tar": ("-C", "--directory"),
    "unzip": ("-d",),
    "kaggle": ("-p", "--path"),
    "7z": (),
}

_open, _makedirs, _remove, _symlink = open, os.makedirs, os.remove, os.symlink


class Fetcher:
    """Stands in for downloads and archives.

    Args:
        served: The datasets at hand.
        uses: Takes remarks.
        writable: Where a file of a path is to be written.
    """

    def __init__(self, served: Served, uses: Uses, writable: Callable[[str], str]) -> None:
        self._served = served
        self._uses = uses
        self._writable = writable

    def fetch(self, url: str, target: str = "") -> str | None:
        """Put what stands for a download in its place.

        Args:
            url: What would be downloaded.
            target: Where to, a file; by default under the URL's last name, here.

        Returns:
            Where it was put; None when it is nothing of a dataset at hand.
        """
        name = re.split(r"[?#]", url.rstrip("/"))[0].rsplit("/", 1)[-1]
        found = self._served.find(url) if name else None
        copy = self._served.holding(found) if found else None
        if found is not None and is_file(found):
            place = self._free(target or name)
            _symlink(found, place)
        else:
            copy = self._served.archive(url) or (self._served.archive(target) if target else None)
            if copy is None:
                return None
            place = self._free(target or name)
            with _open(place, "wb") as file:
                file.write(MARK + copy.name.encode())
        if copy is not None:
            self._served.note(copy, f"the download of '{name[:150]}'")
        return place

    def _free(self, target: str) -> str:
        """A path that can be written, with nothing there."""
        place = self._writable(os.path.expanduser(target))  # noqa: PTH111
        folder = os.path.dirname(place)  # noqa: PTH120
        if folder:
            _makedirs(folder, exist_ok=True)
        with contextlib.suppress(OSError):
            _remove(place)
        return place

    def clone(self, url: str, target: str = "") -> str | None:
        """Lay a repository that is a dataset out; None when it is another."""
        copy = self._served.archive(url)
        if copy is None:
            return None
        name = url.rstrip("/").removesuffix(".git").rsplit("/", 1)[-1]
        folder, top = os.path.split((target or name).rstrip("/"))
        place = self._writable(os.path.join(folder, top, "x"))  # noqa: PTH118
        self._served.unpack(copy, os.path.dirname(os.path.dirname(place)), top)  # noqa: PTH120
        self._served.note(copy, f"the clone of '{name[:150]}'")
        return os.path.dirname(place)  # noqa: PTH120

    def marked(self, archive: Any) -> Copy | None:
        """The copy that a note in place of an archive stands for.

        An archive that is not there at all counts by its name.
        """
        try:
            if hasattr(archive, "read"):
                at = archive.tell()
                head = archive.read(MARK_LIMIT)
                archive.seek(at)
            elif is_file(archive):
                with _open(archive, "rb") as file:
                    head = file.read(MARK_LIMIT)
            else:
                return self._served.archive(os.fspath(archive))
        except (OSError, TypeError, ValueError, AttributeError):
            return None
        if not isinstance(head, bytes) or not head.startswith(MARK):
            return None
        name = head.removeprefix(MARK).decode("ascii", "replace")
        return next((copy for copy in self._served.copies if copy.name == name), None)

    def unpack(self, copy: Copy, folder: str) -> None:
        """What extracting a dataset's archive leaves."""
        place = self._writable(os.path.join(folder or ".", "x"))  # noqa: PTH118
        self._served.unpack(copy, os.path.dirname(place) or ".")  # noqa: PTH120
        self._served.note(copy, "the archive")

    def command(self, line: str | list[str]) -> bool:
        """Do what a shell command about a dataset at hand would have done.

        Args:
            line: `wget URL -O name`, `git clone URL`, `tar xzf name -C folder`, …; several joined
                by `&&` or `;` count only when all are about datasets.

        Returns:
            Whether it was done; False when the command is to go its usual way.
        """
        if not self._served.copies:
            return False
        if isinstance(line, str):
            parts = [p for p in re.split(r"&&|;|\n", line) if p.strip()]
            if len(parts) > 1:
                if not all(self._is_ours(_words(part)) for part in parts):
                    return False
                return sum(self._run(_words(part)) for part in parts) == len(parts)
            words = _words(line)
        else:
            words = [str(word) for word in line]
        return self._run(words)

    def _is_ours(self, words: list[str]) -> bool:
        text = " ".join(words)
        program = os.path.basename(words[0]) if words else ""  # noqa: PTH119
        if program not in FETCHERS | UNPACKERS:
            return False
        named = any(self._served.find(word) for word in words[1:] if "." in word)
        return named or self._served.archive(text) is not None

    def _run(self, words: list[str]) -> bool:
        program = os.path.basename(words[0]) if words else ""  # noqa: PTH119
        options, plain = _split(words[1:])
        folder = next((options[o] for o in FOLDER_OPTIONS.get(program, ()) if o in options), "")
        if program == "git":
            if plain[:1] != ["clone"] or len(plain) < 2:  # noqa: PLR2004 - a URL
                return False
            return self.clone(plain[1], plain[2] if len(plain) > 2 else "") is not None  # noqa: PLR2004
        if program in UNPACKERS:
            copies = [self.marked(word) for word in [*plain, *options.values()] if "." in word]
            copy = next((copy for copy in copies if copy is not None), None)
            if copy is not None:
                self.unpack(copy, folder)
            return copy is not None
        if program not in FETCHERS:
            return False
        target = next((options[o] for o in NAME_OPTIONS.get(program, ()) if o in options), "")
        done = False
        for word in plain:
            name = word.rstrip("/").rsplit("/", 1)[-1]
            place = target or (os.path.join(folder, name) if folder else "")  # noqa: PTH118
            if "/" in word or "." in word:
                done = self.fetch(word, place) is not None or done
        return done


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line.strip().lstrip("!"))
    except ValueError:
        return line.split()


def _split(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options with their values, and the other words."""
    options: dict[str, str] = {}
    plain: list[str] = []
    waiting = ""
    for word in words:
        if waiting:
            options[waiting] = word
            waiting = ""
        elif word in WITH_VALUE:
            waiting = word
        elif word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            options[name] = value
        elif word.startswith("-") and len(word) > 1:
            if word[1:2] != "-" and word[-1:] in "OPoC" and len(word) > 2:  # noqa: PLR2004 - `-qO`
                waiting = "-" + word[-1]
        else:
            plain.append(word)
    return options, plain
