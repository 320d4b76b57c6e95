"""What students use of cosmetic packages and must still work: loops, return values, heat maps."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FILLERS"]


class ProgressBar:
    """Iterates like tqdm, silently."""

    def __init__(self, iterable: Any = None, *_args: Any, **kwargs: Any) -> None:
        self.iterable = iterable
        self.total = kwargs.get("total")
        self.n = 0
        self.desc = kwargs.get("desc", "")
        self.disable = True
        self.format_dict: dict[str, Any] = {"elapsed": 0.0, "rate": None}

    def __iter__(self) -> Iterator[Any]:
        for item in self.iterable:
            yield item
            self.n += 1

    def __len__(self) -> int:
        return len(self.iterable) if self.iterable is not None else int(self.total or 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        """Nothing to close."""

    def update(self, n: float = 1) -> None:
        """Count."""
        self.n += int(n)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_args, **_kwargs: None

    @staticmethod
    def write(*values: Any, file: Any = None, end: str = "\n", **_kwargs: Any) -> None:
        """Print."""
        print(*values, file=file or sys.stdout, end=end)

    @classmethod
    def pandas(cls, *_args: Any, **_kwargs: Any) -> None:
        """Give data frames `progress_apply`."""
        import pandas as pd

        for kind in (pd.DataFrame, pd.Series):
            kind.progress_apply = kind.apply  # type: ignore[union-attr]


def _tqdm(module: Any) -> None:
    module.tqdm = module.tqdm_notebook = ProgressBar
    module.trange = module.tnrange = lambda *args, **_kwargs: ProgressBar(range(*args))
    for name in ("auto", "autonotebook", "notebook", "gui", "std"):
        setattr(module, name, module)


def _progressbar(module: Any) -> None:
    module.progressbar = module.ProgressBar = ProgressBar


def _summaries(module: Any) -> None:
    def summary(model: Any, *_args: Any, **_kwargs: Any) -> Any:
        count = sum(p.numel() for p in model.parameters())
        print(f"{model}\nparameters: {count:,}")
        return model

    module.summary = summary


class Writer:
    """A `SummaryWriter` that writes nothing."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        self.log_dir = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        """Nothing to close."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_args, **_kwargs: None


def _tensorboard(module: Any) -> None:
    module.SummaryWriter = Writer


def _wandb(module: Any) -> None:
    from .stubs import Anything

    class Config(dict[str, Any]):
        """Settings by attribute, as wandb's."""

        def __getattr__(self, name: str) -> Any:
            if name in self:
                return self[name]
            raise AttributeError(name)

        def __setattr__(self, name: str, value: Any) -> None:
            self[name] = value

        def update(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("allow_val_change", None)
            super().update(*args, **kwargs)

    module.config = Config()

    def init(*_args: Any, config: Any = None, **_kwargs: Any) -> Any:
        if isinstance(config, dict):
            module.config.update(config)
        run = Anything()
        run.__dict__["config"] = module.config
        module.run = run
        return run

    module.init = init


def _termcolor(module: Any) -> None:
    module.colored = lambda text, *_args, **_kwargs: str(text)
    module.cprint = lambda text, *_args, **_kwargs: print(text)


def _colorama(module: Any) -> None:
    from .stubs import Anything

    class Codes(Anything):
        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return ""

    module.Fore = module.Back = module.Style = Codes()


def _requests(module: Any) -> None:
    """There is no network to ask; what is about a dataset at hand is answered by `doors`."""
    kind = type("ConnectionError", (OSError,), {"__module__": "requests.exceptions"})

    def ask(*args: Any, **_kwargs: Any) -> Any:
        raise kind(f"there is no network while grading: {str(args[-1] if args else '')[:200]}")

    for name in ("get", "post", "put", "head", "delete", "patch", "request"):
        setattr(module, name, ask)
    module.ConnectionError = module.RequestException = module.HTTPError = kind


def _gdown(module: Any) -> None:
    def download(*_args: Any, **_kwargs: Any) -> None:
        print("not downloaded: there is no network while grading")

    module.download = module.download_folder = module.cached_download = download


def _seaborn(module: Any) -> None:
    from .seaborn_stub import fill

    fill(module)


FILLERS: dict[str, Callable[[Any], None]] = {
    "tqdm": _tqdm,
    "torchsummary": _summaries,
    "torchsummaryX": _summaries,
    "torchinfo": _summaries,
    "tensorboard": _tensorboard,
    "tensorboardX": _tensorboard,
    "wandb": _wandb,
    "termcolor": _termcolor,
    "colorama": _colorama,
    "gdown": _gdown,
    "requests": _requests,
    "progressbar": _progressbar,
    "seaborn": _seaborn,
}
