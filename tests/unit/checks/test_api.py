"""api.forbidden: what the assignment asks to write without, by the text and by a run."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from grader.checks.requests import execute, inspect_source, read_documents, scan_apis
from grader.model.documents import Documents, Text
from grader.model.evidence import Place, Remark
from grader.model.measurements import ApiUse, ApiUses, Execution, SourceFacts, SourceFile
from grader.model.outcome import Outcome
from tests.made_up import a_rubric, a_seen, judged, measured, student_fault
from tests.unit.checks.test_notebook import cell, run

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult


class TestApi:
    NAMES = ("torch.nn.CrossEntropyLoss",)

    def forbidden(
        self, *uses: ApiUse, dynamic: Execution | None = None, remarks: tuple[Remark, ...] = ()
    ) -> CheckResult:
        evidence = [measured(scan_apis(self.NAMES), ApiUses(uses=uses, searched=self.NAMES))]
        if dynamic is not None:
            evidence.append(measured(execute(a_rubric(), forbid=self.NAMES), dynamic, remarks))
        params = {"names": list(self.NAMES), "dynamic": dynamic is not None}
        return judged("api.forbidden", params, a_seen(*evidence))

    def test_not_used(self) -> None:
        assert self.forbidden().outcome is Outcome.PASS
        assert self.forbidden(dynamic=run(cell(1))).outcome is Outcome.PASS

    def test_used_says_where(self) -> None:
        place = Place(file="hw.ipynb", cell=4, line=8)
        result = self.forbidden(ApiUse(name=self.NAMES[0], place=place, how="static"))
        assert result.outcome is Outcome.FAIL
        assert result.message == (
            "Your code uses torch.nn.CrossEntropyLoss, which the assignment rules out here: "
            "hw.ipynb, cell 4, line 8."
        )
        assert result.places == (place,)

    def test_what_the_text_does_not_settle_is_a_flag_and_costs_nothing(self) -> None:
        place = Place(file="hw.ipynb", cell=4, line=8)
        use = ApiUse(name=self.NAMES[0], place=place, how="static", text="getattr(nn, name)()")
        uses = ApiUses(uses=(), unclear=(use,), searched=self.NAMES)
        seen = a_seen(measured(scan_apis(self.NAMES), uses))
        result = judged("api.forbidden", {"names": list(self.NAMES)}, seen)
        assert result.outcome is Outcome.PASS
        assert [flag.code for flag in result.flags] == ["api_unclear"]
        assert "`getattr(nn, name)()` (hw.ipynb, cell 4, line 8)" in result.flags[0].message

    AROUND = {
        "names": ["torch.nn"],
        "having": ["backward"],
        "around": "(?i)mnist",
        "around_fraction": "1/2",
    }

    def around(self, heading: str, *outside: int, inside: int = 0) -> CheckResult:
        def used(cell: int) -> ApiUse:
            place = Place(file="hw.ipynb", cell=cell, line=1)
            return ApiUse(name="torch.nn", place=place, how="static", text="F.cross_entropy(a, b)")

        names = ("torch.nn",)
        in_class = (used(inside),) if inside else ()
        into = ApiUses(uses=in_class, searched=names, looked_into=("Net",))
        everywhere = ApiUses(uses=(*in_class, *map(used, outside)), searched=names)
        texts = [(1, heading), (10, "# Q3: a CNN")]
        documents = Documents(
            texts=tuple(
                Text(place=Place(file="hw.ipynb", cell=cell), kind="markdown", text=text)
                for cell, text in texts
            )
        )
        seen = a_seen(
            measured(scan_apis(names, having=("backward",)), into),
            measured(scan_apis(names), everywhere),
            measured(read_documents(), documents),
        )
        return judged("api.forbidden", self.AROUND, seen)

    def test_uses_in_the_loop_around_the_class_cost_a_share(self) -> None:
        result = self.around("# Q2: MNIST by hand", 5)
        assert result.fraction == Fraction(1, 2)
        assert "Your Net is written by hand, but the code around it uses torch.nn" in result.message
        assert result.places == (Place(file="hw.ipynb", cell=5, line=1),)
        assert self.around("# Q2: MNIST by hand", 5, inside=4).outcome is Outcome.FAIL

    def test_the_other_parts_may_use_what_they_like(self) -> None:
        assert self.around("# Q2: MNIST by hand", 12).outcome is Outcome.PASS
        assert self.around("# Q2", 5).outcome is Outcome.PASS, "no heading says where it is"

    def test_where_no_such_class_is_a_person_looks(self) -> None:
        names = ("torch.nn",)
        blank = SourceFacts(
            files=(), imports=(), frameworks=(), placeholders=(Place(file="hw.ipynb", cell=2),)
        )
        written = blank.model_copy(
            update={
                "placeholders": (),
                "files": (SourceFile(path="hw.ipynb", kind="notebook"),),
            }
        )
        for facts, outcome in ((written, Outcome.PENDING), (blank, Outcome.FAIL)):
            seen = a_seen(
                measured(scan_apis(names, having=("backward",)), ApiUses(uses=(), searched=names)),
                measured(inspect_source(), facts),
            )
            given = {"names": list(names), "having": ["backward"]}
            assert judged("api.forbidden", given, seen).outcome is outcome

    def test_a_run_blocks_names_only_where_they_are_ruled_out(self) -> None:
        within = ("FCNet",)
        blocked = execute(a_rubric(), forbid=self.NAMES, within=within)
        assert blocked.params["within"] == ["FCNet"]
        evidence = (
            measured(scan_apis(self.NAMES, within), ApiUses(uses=(), searched=self.NAMES)),
            measured(blocked, run(cell(1))),
        )
        params = {"names": list(self.NAMES), "within": list(within), "dynamic": True}
        assert judged("api.forbidden", params, a_seen(*evidence)).outcome is Outcome.PASS

    def test_a_call_that_the_text_hides_is_found_by_running(self) -> None:
        place = Place(file="hw.ipynb", cell=3, line=1)
        caught = Remark(code="api.forbidden", message="torch.nn.CrossEntropyLoss", place=place)
        result = self.forbidden(dynamic=run(cell(1)), remarks=(caught,))
        assert result.outcome is Outcome.FAIL
        assert "hw.ipynb, cell 3, line 1" in result.message

    def test_a_run_that_fails_leaves_the_text_and_a_flag(self) -> None:
        evidence = [
            measured(scan_apis(self.NAMES), ApiUses(uses=(), searched=self.NAMES)),
            student_fault(execute(a_rubric(), forbid=self.NAMES), "timeout", ""),
        ]
        params = {"names": list(self.NAMES), "dynamic": True}
        result = judged("api.forbidden", params, a_seen(*evidence))
        assert result.outcome is Outcome.PASS
        assert [flag.code for flag in result.flags] == ["api_static_only"]
