"""Checks of tables and of runs that are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from grader.checks.requests import find_claims, read_documents
from grader.model.documents import Documents, Table, Text
from grader.model.evidence import Place
from grader.model.journal import OptimizerSeen
from grader.model.measurements import (
    Axes,
    Claim,
    Claims,
    FigureSeen,
    LineSeen,
)
from grader.model.outcome import Outcome
from tests.made_up import (
    a_seen,
    judged,
    measured,
)
from tests.unit.checks.pieces import STOPPED, claims, documents, drawn, run, table

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult


class TestTable:
    PARAMS: dict[str, Any] = {"columns": ["train.*loss", "val.*acc"], "rows": 2, "numbers": 2}

    def graded(self, *tables: Table, **params: Any) -> CheckResult:
        return judged("table.has", {**self.PARAMS, **params}, a_seen(documents(*tables)))

    def test_columns_and_rows(self) -> None:
        whole = table(("", "Train loss", "Val acc"), ("a", 0.1, 0.9), ("b", 0.2, 0.8))
        assert self.graded(whole).outcome is Outcome.PASS
        result = self.graded(whole, rows=4)
        assert result.outcome is Outcome.PARTIAL
        assert result.fraction == 0.5
        assert self.graded(whole, rows=4, partial=False).outcome is Outcome.FAIL

    def test_a_missing_column_is_named(self) -> None:
        result = self.graded(table(("train_loss", "x"), (0.1, 1.0), (0.2, 2.0)))
        assert result.fraction == 0.5
        assert "lacks a column for 'val.*acc'" in result.message
        words = ("training loss", "validation accuracy")
        told = self.graded(table(("train_loss", "x"), (0.1, 1.0), (0.2, 2.0)), names=words)
        assert "lacks a column for validation accuracy" in told.message
        assert told.expected.endswith("columns for training loss and validation accuracy.")

    def test_rows_named_at_the_left(self) -> None:
        turned = table(("", "one", "two"), ("train loss", 0.1, 0.2), ("val acc", 0.9, 0.8))
        assert self.graded(turned).outcome is Outcome.PASS

    def test_words_are_no_results(self) -> None:
        words = table(("train loss", "val acc"), ("low", "high"), ("low", "nan"))
        assert self.graded(words).outcome is Outcome.FAIL

    def test_no_table(self) -> None:
        assert "No table was found" in self.graded().message


RESULTS = ("train loss", "val loss", "test loss", "train acc", "val acc", "test acc")
SETTINGS = ["conv", "dense", "optim", r"\blr\b", "decay", r"variant|(?<!un)name|^\W*#"]


def results(row: int) -> tuple[float, ...]:
    return tuple(0.1 + row / 100 + column / 1000 for column in range(6))


def of_rows(names: tuple[str, ...], *keys: tuple[Any, ...]) -> Table:
    return table((*names, *RESULTS), *((*key, *results(row)) for row, key in enumerate(keys)))


def history(*more: tuple[str, Any]) -> Table:
    names = ("epoch", *(name for name, _ in more))
    keys = ((float(n), *(of(n) for _, of in more)) for n in range(1, 31))
    return of_rows(names, *keys)


TEN = range(10)
VARIANTS = {
    "settings": of_rows(("conv", "lr"), *((float(1 + n % 2), 0.1**n) for n in TEN)),
    "optimizers": of_rows(("Optimizer",), *((f"Adam, conv {n}",) for n in TEN)),
    "a column without a name": of_rows(("",), *((f"{n} dense",) for n in TEN)),
    "numbered": of_rows(("#",), *((float(n),) for n in TEN)),
    "epochs beside settings": of_rows(("variant", "epochs"), *((f"v{n}", 20.0) for n in TEN)),
    "several epochs of each": of_rows(
        ("variant", "epoch"), *((f"v{n}", float(e)) for n in TEN for e in (1, 2))
    ),
}
HISTORIES = {
    "epochs": history(),
    "a schedule": history(("lr", lambda n: 0.1 / n)),
    "times": history(("time", lambda n: f"{n} min")),
    "the same net": history(("conv", lambda _: 2.0), ("optimizer", lambda _: "SGD")),
    "steps": of_rows(("global_step",), *((100.0 * n,) for n in range(30))),
    "printed": of_rows(("epoch",), *((f"Epoch {n}",) for n in range(30))),
}


def of_table(check: str, one: Table) -> CheckResult:
    params: dict[str, Any] = {"settings": SETTINGS}
    if check == "table.has":
        named = [".*".join(name.split()) for name in RESULTS]
        params |= {"columns": named, "rows": 5, "numbers": 4}
    else:
        bands = [{"at": 10, "fraction": 1}, {"at": 5, "fraction": 0.5}]
        params |= {"rows": ["val", "test"], "at_least": 10, "bands": bands}
    return judged(check, params, a_seen(documents(one)))


@pytest.mark.parametrize("check", ["table.has", "runs.compared"])
class TestVariants:
    @pytest.mark.parametrize("kind", VARIANTS)
    def test_rows_of_different_settings_count(self, check: str, kind: str) -> None:
        assert of_table(check, VARIANTS[kind]).outcome is Outcome.PASS

    @pytest.mark.parametrize("kind", HISTORIES)
    def test_epochs_of_one_run_are_no_variants(self, check: str, kind: str) -> None:
        assert of_table(check, HISTORIES[kind]).outcome is Outcome.FAIL

    def test_what_nothing_tells_apart_is_for_a_person(self, check: str) -> None:
        for names in ("", "Unnamed: 0"):
            plain = of_rows((names,), *((float(n),) for n in TEN))
            assert of_table(check, plain).outcome is Outcome.PENDING

    def test_a_setting_twice_counts_once(self, check: str) -> None:
        twice = of_rows(("lr",), *((0.1 * (n % 3),) for n in TEN))
        assert of_table(check, twice).fraction < 1


def test_variants_beside_each_other() -> None:
    rows = tuple((name, *(0.1 + n / 100 for n in TEN)) for name in RESULTS)
    named = table(("", *(f"Adam {n}" for n in TEN)), *rows)
    assert of_table("table.has", named).outcome is Outcome.PASS
    lr = table(("", *map(str, TEN)), ("lr", *(0.1**n for n in TEN)), *rows)
    assert of_table("table.has", lr).outcome is Outcome.PASS
    epochs = table(("epoch", *map(str, TEN)), *rows)
    assert of_table("table.has", epochs).outcome is not Outcome.PASS


class TestRunsCompared:
    PATTERN = r"lr=(?P<value>[\d.]+)"
    FILES = ("*.pdf", "*.docx", "*.odt", "*.md", "*.html", "*.tex", "*.txt")

    def graded(self, *stated: float, **more: Any) -> CheckResult:
        changes = {k: more.pop(k) for k in ("figures", "optimizers", "cells") if k in more}
        tables = more.pop("tables", ())
        given = {"what": "learning rates", "at_least": 3, **more}
        evidence = [run(**changes), documents(*tables)]
        if "patterns" in given:
            evidence.append(claims(self.PATTERN, *stated, name="learning rates", files=self.FILES))
        return judged("runs.compared", given, a_seen(*evidence))

    def test_different_numbers_in_texts(self) -> None:
        patterns = {"patterns": [self.PATTERN]}
        result = self.graded(0.01, 0.1, 1.0, 0.1, **patterns)
        assert result.outcome is Outcome.PASS
        assert "Found 3 different learning rates" in result.message
        assert self.graded(0.01, 0.1, 0.1, **patterns).outcome is Outcome.FAIL

    def test_values_that_must_be_among_them(self) -> None:
        given = {"patterns": [self.PATTERN], "values": [0.01, 0.1, 1]}
        assert self.graded(0.01, 0.1, 1.0, **given).outcome is Outcome.PASS
        result = self.graded(0.01, 0.1, 0.5, **given)
        assert result.outcome is Outcome.FAIL
        assert "1 not among them" in result.message

    def test_legends_and_titles_count(self) -> None:
        figures = tuple(drawn(1.0, 0.5, label=f"lr={lr}") for lr in (0.01, 0.1, 1))
        assert self.graded(patterns=[self.PATTERN], figures=figures).outcome is Outcome.PASS

    def test_lines_of_one_figure(self) -> None:
        lines = tuple(LineSeen(label=f"seed {i}", x=(0.0,), y=(1.0,)) for i in range(3))
        axes = Axes(title="accuracy", x_label="", y_label="", legend=(), lines=lines)
        figures = (FigureSeen(cell=1, axes=(axes,)),)
        assert self.graded(about=["acc"], figures=figures).outcome is Outcome.PASS
        assert self.graded(about=["loss"], figures=figures).outcome is Outcome.FAIL

    def test_settings_of_optimizers(self) -> None:
        optimizers = tuple(
            OptimizerSeen(place=None, type="SGD", settings={"lr": lr}, steps=1, parameters=1)
            for lr in (0.01, 0.1, 1.0, "nan")
        )
        assert self.graded(setting="lr", optimizers=optimizers).outcome is Outcome.PASS
        assert self.graded(setting="lr", optimizers=optimizers, at_least=4).outcome is Outcome.FAIL

    def test_rows_of_a_table(self) -> None:
        rows = table(("lr", "acc"), (0.01, 0.8), (0.1, 0.9), (1.0, 0.95))
        assert self.graded(rows=["lr", "acc"], tables=(rows,)).outcome is Outcome.PASS
        assert self.graded(rows=["lr", "loss"], tables=(rows,)).outcome is Outcome.FAIL

    @pytest.mark.parametrize(
        ("above", "outcome"),
        [
            ("## X 4. Better", Outcome.PASS),
            ("## X 4. Better\n### Learning rates", Outcome.PASS),
            ("<h2>X 4. Better</h2>", Outcome.PASS),
            ("## X 4. Better\n```\n# train longer\n```", Outcome.PASS),
            ("## X 3. Dropout", Outcome.FAIL),
            ("## X 4. Better\n# The end", Outcome.FAIL),
        ],
    )
    def test_only_cells_under_a_heading_count(self, above: str, outcome: Outcome) -> None:
        def text(cell: int, said: str) -> Text:
            return Text(place=Place(file="hw.ipynb", cell=cell), kind="markdown", text=said)

        texts = (text(1, "# Setup"), text(2, above), text(99, "## X 4. Something else"))
        assert self.under(texts) is outcome

    def under(self, texts: tuple[Text, ...]) -> Outcome:
        stated = claims(self.PATTERN, 0.01, 0.1, 1.0, name="learning rates", files=self.FILES)
        seen = a_seen(run(), measured(read_documents(), Documents(texts=texts)), stated)
        given = {"patterns": [self.PATTERN], "what": "learning rates", "at_least": 3}
        return judged("runs.compared", {**given, "under": r"^\W*X?\W*4"}, seen).outcome

    def apart(self, *stated: Claim, pages: tuple[str, ...] = (), title: str = "Q3") -> CheckResult:
        texts = [Text(place=Place(file="hw.ipynb", cell=5), kind="markdown", text=f"# {title}")]
        texts += [
            Text(place=Place(file="hw.pdf"), kind="report", text=text, heading=f"page {page}")
            for page, text in enumerate(pages, start=1)
        ]
        request = find_claims("learning rates", (self.PATTERN,), self.FILES)
        seen = a_seen(
            run(),
            measured(read_documents(), Documents(texts=tuple(texts))),
            measured(request, Claims(claims=stated)),
        )
        given = {"patterns": [self.PATTERN], "what": "learning rates", "at_least": 3}
        return judged("runs.compared", {**given, "apart_from": "^Q3"}, seen)

    @staticmethod
    def rate(value: float, cell: int | None, page: int | None = None, text: str = "") -> Claim:
        file = "hw.ipynb" if cell else "hw.pdf"
        place = Place(file=file, cell=cell)
        return Claim(name="x", value=value, place=place, page=page, text=text)

    def test_cells_below_a_heading_do_not_count(self) -> None:
        two = (self.rate(0.01, 3), self.rate(0.1, 4))
        assert self.apart(*two, self.rate(5e-4, 6)).outcome is Outcome.FAIL
        assert self.apart(*two, self.rate(1.0, 4)).outcome is Outcome.PASS
        assert self.apart(*two, self.rate(5e-4, 6), title="Results").outcome is Outcome.PASS

    def test_nor_does_what_follows_it_in_a_pdf(self) -> None:
        pages = ("Q3 is about a CNN\nlr=0.01", "lr=0.1\n0.3 Q3\u00b6\nlr=0.0005", "lr=0.001")
        rates = [self.rate(0.01, None, 1, "lr=0.01"), self.rate(0.1, None, 2, "lr=0.1")]
        later = [self.rate(5e-4, None, 2, "lr=0.0005"), self.rate(1e-3, None, 3, "lr=0.001")]
        result = self.apart(*rates, *later, pages=pages)
        assert result.measured == 2
        assert self.apart(*rates, self.rate(1.0, 3), *later, pages=pages).outcome is Outcome.PASS

    def test_all_counts_where_nothing_else_is_there(self) -> None:
        three = [self.rate(value, 6) for value in (0.01, 0.1, 1.0)]
        assert self.apart(*three).outcome is Outcome.PASS

    def test_all_cells_count_where_no_heading_is_like_it(self) -> None:
        other = Text(place=Place(file="hw.ipynb", cell=1), kind="markdown", text="# Results")
        assert self.under((other,)) is Outcome.PASS
        assert self.under(()) is Outcome.PASS

    def test_nothing_because_the_run_stopped_blocks(self) -> None:
        assert self.graded(setting="lr", cells=(STOPPED,)).outcome is Outcome.BLOCKED

    def test_bands_by_count(self) -> None:
        bands = [{"at": 3, "fraction": 1}, {"at": 2, "fraction": 0.5}]
        result = self.graded(0.1, 1.0, patterns=[self.PATTERN], bands=bands)
        assert result.fraction == 0.5
