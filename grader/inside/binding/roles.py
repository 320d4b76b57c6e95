"""Binds the rubric's roles to student code; the first way that works wins and is named.

explicit (grade.toml, cell tag, magic comment) → the template's name → weight file matched by names
and shapes → structure → what is alive after execution. Else unbound, saying what is there instead.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..reply import StudentFault, Unbound
from . import absent
from .bound import Bound, name_rank, plain, role_words
from .building import built_classes, fresh, wraps
from .explicit import explicit_definition, explicit_weights, marked_names
from .hand_made import candidates_by_hand
from .nets import contract_gaps
from .targets import bind_target
from .weights import PREFIXES, Fit, WeightFiles, fit, load_module, load_state

if TYPE_CHECKING:
    from ..definitions.lifted import Candidate
    from ..session import Session
    from .tensor_files import Saved

__all__ = ["Bound", "bind", "bind_module"]

SEARCHED_FILES = 50
NAMED = 2
"""The least name rank that binds by name."""


def bind(session: Session, role: dict[str, Any], source: str = "saved") -> Bound:
    """Bind a role of any kind.

    Raises:
        Unbound: Nothing fits; the message says what was looked for and what is there.
        StudentFault: Something is there but cannot be used, and why.
    """
    if role["kind"] == "module":
        return bind_module(session, role, source, untrained=True)
    absent.wrong_framework(session)
    return bind_target(session, role)


def bind_module(
    session: Session, role: dict[str, Any], source: str, *, untrained: bool = False
) -> Bound:
    """Bind a net.

    Args:
        session: Of the submission.
        role: The rubric's role, with its `name`.
        source: `saved`, `live`, or `any`: saved, and live where execution has made something.
        untrained: Whether a net without saved weights will do.
    """
    absent.wrong_framework(session)
    if source == "saved" or session.live is None:
        if source == "live":
            raise Unbound(f"'{role['name']}' is looked for after an execution, which was not run")
        return _Saved(session, role).bind(untrained=untrained)
    return _alive(session, role)


class _Saved:
    """Binds a net by the artefacts handed in."""

    def __init__(self, session: Session, role: dict[str, Any]) -> None:
        self.session = session
        self.role = role
        self.files = WeightFiles(session, [session.root])
        if session.live is None:
            self.read_first()
        self.definitions = session.definitions()
        self.explicit = explicit_definition(session, role["name"])
        self.marked = marked_names(session, role["name"])

    def read_first(self) -> None:
        """Read what the files hold before any of the student's code runs in this step."""
        matching = self.files.matching(self.role.get("weights") or [])
        named = explicit_weights(self.session, self.role["name"])
        wanted = [named] if named in self.files.paths else matching or self.files.names
        for name in wanted[:SEARCHED_FILES]:
            with contextlib.suppress(StudentFault):
                self.files.read(name)

    def bind(self, *, untrained: bool) -> Bound:
        """Bind to the named files, then to any that fits, then (if that will do) to bare code."""
        named = explicit_weights(self.session, role_name := self.role["name"])
        if named and named not in self.files.paths:
            raise Unbound(
                f"grade.toml names '{named}' as the weights of '{role_name}',"
                f" but there is no such file. {absent.weight_files(self.files)}"
            )
        matching = [named] if named else self.files.matching(self.role.get("weights") or [])
        found, faults = self.from_named(matching, "explicit" if named else "name")
        if found is None and not named:
            found = self.search([n for n in self.files.names if n not in matching])
        if found is None and untrained:
            found = self.untrained()
        if found is not None:
            return found
        if faults:
            raise faults[0]
        absent.missing_weights(self.session, self.role)
        absent.missing_package(self.session)
        raise Unbound(absent.module_message(self.session, self.role, self.files, matching))

    def from_named(self, names: list[str], how: str) -> tuple[Bound | None, list[StudentFault]]:
        """Bind to the first file that fits exactly, else to the first that fits partly."""
        faults: list[StudentFault] = []
        loose: list[Bound] = []
        for name in names:
            try:
                bound = self.from_file(name, how)
            except StudentFault as fault:
                faults.append(fault)
                continue
            if bound.fit is None or bound.fit.exact:
                return replace(bound, beside=self.beside(bound, names)), faults
            loose.append(bound)
        return (loose[0] if loose else None), faults

    def beside(self, bound: Bound, names: list[str]) -> dict[str, tuple[str, ...]]:
        """Top keys of other files that fit the net: `best.pt` may have a `last.pt` beside it."""
        found: dict[str, tuple[str, ...]] = {}
        for name in names[:SEARCHED_FILES] if bound.saved is not None else ():
            with contextlib.suppress(StudentFault):
                saved = self.part(self.files.read(name))
                if name != bound.weights and fit(bound.module, saved.tensors()).exact:
                    found[name] = saved.keys
        return found

    def from_file(self, name: str, how: str) -> Bound:
        """Bind to one file."""
        saved = self.part(self.files.read(name))
        if saved.kind == "module":
            return self.from_pickle(name, saved, how)
        best: tuple[tuple[Any, ...], Candidate, Fit] | None = None
        for order, candidate in enumerate(self.nets(saved)):
            found = fit(candidate.module, saved.tensors())
            rank = self.rank(candidate)
            sure = rank > NAMED + 1 and bool(found.state)
            key = (sure, found.exact, rank if found.state else 0, found.rank, order)
            if best is None or key > best[0]:
                best = (key, candidate, found)
        if best is None or not best[2].state:
            raise absent.nothing_to_load_into(self.session, name, saved)
        _, candidate, found = best
        if how != "explicit":
            how = "name" if self.rank(candidate) > NAMED else "weights"
            how = "explicit" if self.rank(candidate) > NAMED + 1 else how
        candidate, found = self.wrapped(candidate, found, saved)
        module = fresh(candidate, found.state)
        load_state(module, found)
        return self.bound(how, candidate.text, candidate.place, module, saved, found)

    def part(self, saved: Saved) -> Saved:
        """Of a file with several nets, the one whose key says this role."""
        words = role_words(self.role)
        for key, other in saved.others.items():
            if any(word in plain(key) for word in words):
                return other
        return saved

    def wrapped(self, candidate: Candidate, found: Fit, saved: Saved) -> tuple[Candidate, Fit]:
        """The net in the student's wrapper, when that is what was saved (`classnet.0.weight`)."""
        if found.exact and found.prefix and not found.prefix.startswith("+"):
            for wrapper in wraps(self.definitions, candidate):
                outer = fit(wrapper.module, saved.tensors())
                if outer.exact and outer.prefix in {"", *PREFIXES}:
                    return wrapper, outer
        return candidate, found

    def from_pickle(self, name: str, saved: Saved, how: str) -> Bound:
        """Bind to a whole pickled net; where the code builds just this one is its place."""
        module = load_module(self.session, self.files, name, saved)
        versions = self.definitions.versions.get(saved.class_name, [])
        for kind in reversed(versions[:-1]):  # it may be of an earlier class of this name
            if not any("does not map" in gap for gap in contract_gaps(module, self.role)):
                break
            module.__class__ = kind
        text = f"{saved.class_name} (a whole net, pickled)"
        place = self.definitions.places.get(saved.class_name)
        same = [c for c in self.definitions.candidates if fit(c.module, saved.tensors()).exact]
        if same:
            best = max(
                same, key=lambda c: (type(c.module).__name__ != saved.class_name, self.rank(c))
            )
            text, place = f"{saved.class_name} around {best.text}", best.place
            if type(best.module).__name__ == saved.class_name:
                text = best.text
        return self.bound(how, text, place, module, saved, None)

    def rank(self, candidate: Candidate) -> int:
        """How sure the names make this the role's net; what the student said counts most."""
        own = {candidate.name, type(candidate.module).__name__}
        if self.explicit and self.explicit in own:
            return NAMED + 3
        if self.marked & own:
            return NAMED + 2
        return name_rank(candidate, self.role)

    def nets(self, saved: Saved) -> list[Candidate]:
        """What the code builds; its classes built by guess only where none of that fits."""
        built = list(self.definitions.candidates)
        if any(fit(c.module, saved.tensors()).exact for c in built):
            return built
        sizes = [size for entry in saved.entries for size in entry.tensor.shape]
        for candidate in built_classes(self.definitions, self.role, sizes):
            built.append(candidate)
            if fit(candidate.module, saved.tensors()).exact:
                return built
        return [*built, *candidates_by_hand(self.definitions, self.role, sizes)]

    def search(self, names: list[str]) -> Bound | None:
        """Any weight file that holds a net of this role's structure."""
        for name in names[:SEARCHED_FILES]:
            try:
                bound = self.from_file(name, "weights")
            except StudentFault:
                continue
            loads = bound.fit is None or bound.fit.exact
            if loads and not contract_gaps(bound.module, self.role):
                return bound
        return None

    def untrained(self) -> Bound | None:
        """The net as the code builds it, by name or by structure, without trained weights."""
        built = [*self.definitions.candidates, *built_classes(self.definitions, self.role, [])]
        built += candidates_by_hand(self.definitions, self.role, [])
        named = [c for c in built if self.rank(c) >= NAMED]
        if named:
            best = max(enumerate(named), key=lambda pair: (*self.fits(pair[1]), pair[0]))[1]
            how = "explicit" if self.rank(best) > NAMED + 1 else "name"
            return self.bound(how, best.text, best.place, fresh(best), None, None)
        for candidate in reversed(built):
            module = fresh(candidate)
            if not contract_gaps(module, self.role):
                return self.bound("structure", candidate.text, candidate.place, module, None, None)
        return None

    def fits(self, candidate: Candidate) -> tuple[int, bool]:
        """How sure the names are, and of equal ones, whether its layers are the role's."""
        gaps = contract_gaps(candidate.module, self.role, shapes=False)
        return self.rank(candidate), not gaps

    def bound(
        self,
        how: str,
        text: str,
        place: dict[str, Any] | None,
        module: Any,
        saved: Saved | None,
        found: Fit | None,
    ) -> Bound:
        """Say what was bound, and what is odd about it."""
        why = _why(how, self.role, saved, found)
        gaps = contract_gaps(module, self.role, shapes=False)
        if gaps:
            held = f"what {saved.path} holds" if saved else "this net"
            why += f" Note that {held} is no {self.role['name']}: {' and '.join(gaps)}."
        return Bound(
            self.role["name"],
            how,
            text,
            place,
            saved.path if saved else "",
            why.strip(),
            module,
            saved=saved,
            fit=found,
        )


def _why(how: str, role: dict[str, Any], saved: Saved | None, found: Fit | None) -> str:
    reasons = {
        "explicit": "the submission names it",
        "name": (
            f"the {'file' if saved else 'net'} has a name that the assignment gives"
            f" '{role['name']}'"
        ),
        "weights": "the file's tensors have its names and shapes",
        "structure": "it is the last net of this structure in the code",
    }
    why = reasons[how]
    if saved is None:
        why += "; it has no saved weights"
    elif found is not None and not found.exact:
        why += "; but the file does not fit the code: " + absent.misfit(found)
    elif found is not None and found.prefix:
        what = "without" if not found.prefix.startswith("+") else "with"
        why += f"; the file's names were read {what} the prefix '{found.prefix.lstrip('+')}'"
    return why[0].upper() + why[1:] + "."


def _alive(session: Session, role: dict[str, Any]) -> Bound:
    """Bind to what an execution left: files it saved, then objects by name, then by structure."""
    definitions = session.definitions()
    files = WeightFiles(session, [session.scratch / "work", session.scratch])
    saver = _Saved(session, role)
    saver.files = files
    for name in files.matching(role.get("weights") or []):
        try:
            bound = saver.from_file(name, "name")
        except StudentFault:
            continue
        if bound.fit is None or bound.fit.exact:
            why = f"The run saved it as {name}."
            return Bound(
                role["name"], "alive", bound.definition, bound.place, "", why, bound.module
            )
    ranked = [(saver.rank(c), order, c) for order, c in enumerate(definitions.candidates)]
    for rank, _, candidate in sorted(ranked, key=lambda r: r[:2], reverse=True):
        if contract_gaps(candidate.module, role):
            continue
        why = "By its name, after the run." if rank else "By its structure, after the run."
        return Bound(
            role["name"], "alive", candidate.text, candidate.place, "", why, candidate.module
        )
    raise Unbound(absent.module_message(session, role, files, []))
