"""Data that would be downloaded and is not at hand: there is no network, so the cause is named."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .faults import DatasetMissing

if TYPE_CHECKING:
    from collections.abc import Callable

    from .hooks import AfterImport
    from .uses import Uses

__all__ = ["install", "is_about_data"]

PHRASES = ("You can use download=True to download it", "Dataset not found or corrupted")
CHAIN = 100
"""Causes looked at: an error may be its own."""
NETWORK = frozenset(
    """
    URLError HTTPError gaierror ConnectionError ConnectionRefusedError NewConnectionError
    MaxRetryError RemoteDisconnected NetworkError
    """.split()  # noqa: SIM905 - words read better than a column of strings
)


def is_about_data(error: BaseException) -> bool:
    """Whether an error comes from data that is not here, or from the missing network."""
    seen: BaseException | None = error
    for _ in range(CHAIN):
        if seen is None:
            return False
        if isinstance(seen, DatasetMissing) or type(seen).__name__ in NETWORK:
            return True
        said = _first_words(seen)
        if any(phrase in said for phrase in PHRASES):
            return True
        seen = seen.__cause__
    return False


def _first_words(error: BaseException) -> str:
    try:
        said = error.args[0]
    except Exception:  # none, or a class of the student's that does not say
        return ""
    return said if type(said) is str else ""


def install(uses: Uses, hooks: AfterImport) -> None:
    """Patch the doors through which torchvision and torch.hub download."""
    hooks.patch("torchvision.datasets.utils", functools.partial(_torchvision, uses=uses))
    hooks.patch("torch.hub", functools.partial(_hub, uses=uses))


def _refusing(uses: Uses) -> Callable[..., Any]:
    def refuse(url: Any, *_args: Any, **_kwargs: Any) -> Any:
        name = str(url).rstrip("/").rsplit("/", 1)[-1]
        raise DatasetMissing(
            f"the code downloads '{name[:200]}', and there is no network here", uses.place()
        )

    return refuse


def _torchvision(module: Any, uses: Uses) -> None:
    for name in ("_urlretrieve", "download_file_from_google_drive", "_get_redirect_url"):
        if hasattr(module, name):
            setattr(module, name, _refusing(uses))


def _hub(hub: Any, uses: Uses) -> None:
    hub.download_url_to_file = _refusing(uses)
