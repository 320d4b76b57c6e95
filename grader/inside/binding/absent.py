"""Says what was looked for and what is there instead, when a role cannot be bound."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..reply import StudentFault
from ..shims.faults import PretrainedMissing
from ..shims.pretrained import lacks_weights
from .bound import name_rank
from .nets import contract_gaps

if TYPE_CHECKING:
    from ..definitions.lifted import Definitions
    from ..session import Session
    from .tensor_files import Saved
    from .weights import Fit, WeightFiles

__all__ = [
    "broken_cells",
    "definitions_found",
    "imported_frameworks",
    "misfit",
    "missing_package",
    "missing_weights",
    "module_message",
    "nothing_to_load_into",
    "weight_files",
    "wrong_framework",
]

OTHER_FRAMEWORKS = ("tensorflow", "keras", "jax", "flax", "mxnet")
SHOWN = 8
GLOBS_SHOWN = 4


def imported_frameworks(session: Session) -> dict[str, dict[str, Any]]:
    """Deep-learning framework → where it is first imported."""
    found: dict[str, dict[str, Any]] = {}
    for chunk in session.sources().chunks:
        for node in ast.walk(chunk.tree) if chunk.tree else ():
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                top = name.split(".", 1)[0]
                if top in {"torch", *OTHER_FRAMEWORKS}:
                    found.setdefault(top, chunk.place(getattr(node, "lineno", None)))
    return found


def wrong_framework(session: Session) -> None:
    """Stop when the submission is written in another framework.

    Raises:
        StudentFault: It imports another framework and no torch.
    """
    found = imported_frameworks(session)
    other = next((name for name in OTHER_FRAMEWORKS if name in found), None)
    if other is not None and "torch" not in found:
        raise StudentFault(
            "wrong_framework",
            f"the submission is written with {other}; the assignment asks for PyTorch",
            place=found[other],
            hint="Write the nets with torch.nn and save them with torch.save.",
        )


def missing_package(session: Session) -> None:
    """Stop when nothing could be defined because a package is not installed here.

    Raises:
        StudentFault: Which package, and where it is imported.
    """
    found = session.definitions()
    broken = [p for p in found.problems if p.package and p.name not in found.missing]
    for problem in broken:
        if problem.kind == "NameError" and problem.name not in found.namespace:
            raise StudentFault(
                "missing_package",
                f"'{problem.name}' needs the package '{problem.package}', which is not installed"
                " where submissions are graded",
                place=found.missing.get(problem.package, problem.place),
                hint="Use only the packages that the assignment names.",
            )


def missing_weights(session: Session, role: dict[str, Any]) -> None:
    """Stop when a net of the code only lacks official weights that this machine does not have.

    Raises:
        PretrainedMissing: Which, and where the net is built.
    """
    for candidate in reversed(session.definitions().candidates):
        name = lacks_weights(candidate.module)
        if name and (name_rank(candidate, role) or not contract_gaps(candidate.module, role)):
            raise PretrainedMissing(name, candidate.place)


def module_message(
    session: Session, role: dict[str, Any], files: WeightFiles, matching: list[str]
) -> str:
    """What was looked for as a net and what is there."""
    globs = list(role.get("weights") or ())
    looked = ", ".join(globs[:GLOBS_SHOWN]) or "any weight file"
    left = len(globs) - GLOBS_SHOWN
    more = f" and {left} more {'name' if left == 1 else 'names'}" if left > 0 else ""
    parts = [f"No trained net for '{role['name']}' was found: looked for {looked}{more}."]
    if matching:
        parts.append(f"Of these, {', '.join(matching[:SHOWN])} did not fit.")
    parts += [weight_files(files), definitions_found(session.definitions()), broken_cells(session)]
    return " ".join(part for part in parts if part)


def weight_files(files: WeightFiles) -> str:
    """The weight files that are there, and what each holds."""
    shown = []
    for name in files.names[:SHOWN]:
        try:
            saved = files.read(name)
        except StudentFault as fault:
            shown.append(f"{name} ({fault.message[:120]})")
        else:
            shown.append(f"{name} ({_holds(saved)})")
    if not shown:
        return "There are no weight files in the submission."
    return f"Weight files found: {'; '.join(shown)}."


def _holds(saved: Saved) -> str:
    kinds = {
        "module": f"a whole {saved.class_name}",
        "checkpoint": f"a checkpoint whose '{saved.key}' holds",
        "state_dict": "a state dict:",
        "tensors": "tensors:",
    }
    first = saved.entries[0]
    return (
        f"{kinds[saved.kind]} {len(saved.entries)} tensors, the first"
        f" {first.name} {list(first.tensor.shape)}"
    )


def definitions_found(found: Definitions) -> str:
    """The classes and nets that the code defines, and what could not be defined."""
    classes = list(found.module_classes())[:SHOWN]
    nets = list(dict.fromkeys(c.name for c in found.candidates if c.name not in classes))[:SHOWN]
    parts = []
    if classes:
        parts.append(f"Classes of nets in the code: {', '.join(classes)}.")
    if nets:
        parts.append(f"Nets built in the code: {', '.join(nets)}.")
    if not parts:
        parts.append("The code builds no net.")
    broken = [f"{p.name} ({p.kind}: {p.message[:100]})" for p in found.problems][:SHOWN]
    if broken:
        parts.append(f"Could not be defined: {'; '.join(broken)}.")
    return " ".join(parts)


def broken_cells(session: Session) -> str:
    """Files and cells that could not be read at all."""
    lost = [f"{s.path}: {s.error}" for s in session.sources().files if s.error]
    for chunk in session.sources().chunks:
        if chunk.tree is None:
            where = f"cell {chunk.cell}" if chunk.cell else "the script"
            lost.append(f"{chunk.file}, {where}, line {chunk.parsed.line}: {chunk.parsed.error}")
    return f"Not readable: {'; '.join(lost[:SHOWN])}." if lost else ""


def misfit(found: Fit) -> str:
    """How saved tensors and a net disagree."""
    parts = []
    if found.mismatched:
        parts.append("; ".join(found.mismatched[:3]))
    if found.missing:
        parts.append(f"missing in the file: {', '.join(found.missing[:4])}")
    if found.unexpected:
        parts.append(f"not in the code: {', '.join(found.unexpected[:4])}")
    return "; ".join(parts)


def nothing_to_load_into(session: Session, name: str, saved: Saved) -> StudentFault:
    """A weight file for which the code defines no net."""
    try:
        missing_package(session)
    except StudentFault as fault:
        return fault
    found = session.definitions()
    return StudentFault(
        "no_definition",
        f"'{name}' holds {_holds(saved)}, but no net in the code takes them."
        f" {definitions_found(found)} {broken_cells(session)}".rstrip(),
        place={"file": name, "cell": None, "line": None},
        hint="Hand in the class that the weights belong to, under the names they were saved with.",
    )
