"""Student faults that are also the exception the student's own code may expect."""

from __future__ import annotations

from ..reply import StudentFault

__all__ = [
    "DatasetMissing",
    "ForbiddenAPI",
    "MissingPackage",
    "PretrainedMissing",
    "WrongFramework",
]


class MissingPackage(ModuleNotFoundError, StudentFault):
    """A package that is not here and has no stand-in.

    Args:
        name: As it was imported.
        place: Of the import.
    """

    def __init__(self, name: str, place: dict[str, object] | None = None) -> None:
        ModuleNotFoundError.__init__(self, f"No module named '{name}'", name=name)
        self.kind = "missing_package"
        self.message = f"the code imports '{name}', which is neither installed here nor handed in"
        self.place = place
        self.hint = (
            f"if '{name}' is a file of yours or of the course, hand it in with the rest;"
            " if it is a package, do without it or ask the course staff"
        )


class WrongFramework(ModuleNotFoundError, StudentFault):
    """Another deep-learning framework than PyTorch."""

    def __init__(self, name: str, place: dict[str, object] | None = None) -> None:
        ModuleNotFoundError.__init__(self, f"No module named '{name}'", name=name)
        self.kind = "wrong_framework"
        self.message = f"the code is written with '{name}'; the assignment asks for PyTorch"
        self.place = place
        self.hint = "write it with torch"


class DatasetMissing(OSError, StudentFault):
    """Data that would have to be downloaded. An `OSError`, as a missing network raises."""

    def __init__(self, message: str, place: dict[str, object] | None = None) -> None:
        OSError.__init__(self, message)
        self.kind = "dataset_missing"
        self.message = message
        self.place = place
        self.hint = "there is no network while grading; the data must be here or handed in"


class PretrainedMissing(OSError, StudentFault):
    """Official weights that this machine does not have. Nobody's fault: a person must look.

    Args:
        name: Of their file.
        place: Where they are asked for.
    """

    def __init__(self, name: str, place: dict[str, object] | None = None) -> None:
        message = f"the code loads the official weights '{name}', which are not on this machine"
        OSError.__init__(self, message)
        self.kind = "pretrained_weights_missing"
        self.message = message
        self.place = place
        self.hint = (
            "nothing: the course staff sees that this part waits for a machine that has them"
        )


class ForbiddenAPI(RuntimeError, StudentFault):
    """Something the assignment asks to do without."""

    def __init__(self, name: str, place: dict[str, object] | None = None) -> None:
        where = ""
        if place:
            cell = f", cell {place['cell']}" if place.get("cell") else ""
            where = f" ({place['file']}{cell}, line {place['line']})"
        message = f"{name} must not be used in this assignment{where}"
        RuntimeError.__init__(self, message)
        self.kind = "ForbiddenAPI"
        self.message = message
        self.place = place
        self.hint = "write this part yourself"
