"""Checks about what is shown: curves, tables, pictures, documents, dates, and speed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from grader.checks.document import DeadlineMet
from grader.checks.requests import (
    compare_pdf,
    execute,
    find_claims,
    find_mistakes,
    predict,
    read_documents,
    time_module,
)
from grader.model.documents import Documents, Finding, Findings, PdfMatch, Table, Text
from grader.model.evidence import Place
from grader.model.journal import OptimizerSeen
from grader.model.measurements import (
    Axes,
    CellRun,
    Claim,
    Claims,
    FigureSeen,
    ImageSeen,
    LineSeen,
    LossSeries,
    Timing,
)
from grader.model.outcome import Outcome
from tests.made_up import (
    DATASET,
    a_binding,
    a_rubric,
    a_seen,
    a_submission,
    a_truth,
    judged,
    measured,
    some_labels,
    some_predictions,
    some_scores,
)
from tests.unit.checks.test_journal_checks import STOPPED, a_run

if TYPE_CHECKING:
    from grader.model.evidence import Evidence
    from grader.model.scorecard import CheckResult

PLACE = Place(file="hw.ipynb", cell=3)


def claims(
    pattern: str, *values: Any, name: str = "curve", files: tuple[str, ...] = ()
) -> Evidence:
    found = tuple(Claim(name=name, value=value, place=PLACE) for value in values)
    return measured(find_claims(name, (pattern,), files), Claims(claims=found))


def drawn(*values: Any, label: str = "train", title: str = "loss") -> FigureSeen:
    line = LineSeen(label=label, x=tuple(float(i) for i in range(len(values))), y=values)
    axes = Axes(title=title, x_label="epoch", y_label="", legend=(label,), lines=(line,))
    return FigureSeen(cell=4, axes=(axes,))


def run(**changes: Any) -> Evidence:
    return measured(execute(a_rubric()), a_run(**changes))


TRAIN = r"train (?P<value>\S+)"
VALIDATION = r"val (?P<value>\S+)"


class TestFalls:
    PARAMS: dict[str, Any] = {"curve": {"printed": [TRAIN], "about": ["loss.*train"]}}

    def graded(self, *printed: Any, figures: tuple[FigureSeen, ...] = (), **params: Any) -> Any:
        seen = a_seen(claims(TRAIN, *printed), run(figures=figures))
        return judged("curve.falls", {**self.PARAMS, **params}, seen)

    def test_what_is_stored_counts_first(self) -> None:
        result = self.graded(2.0, 1.0, 0.5, figures=(drawn(1.0, 2.0),))
        assert result.outcome is Outcome.PASS
        assert "goes from 2 to 0.5 (as stored in hw.ipynb, cell 3): it fell" in result.message
        assert result.exhibits[0].series[0].y == (2.0, 1.0, 0.5)

    def test_else_what_the_run_draws(self) -> None:
        assert self.graded(figures=(drawn(2.0, 1.0),)).outcome is Outcome.PASS
        other = drawn(2.0, 1.0, label="validation")
        assert self.graded(figures=(other,)).outcome is Outcome.FAIL

    @pytest.mark.parametrize(
        "values", [(1.0, 0.95), (1.0, 2.0), (1.0, "nan"), ("nan", 0.1), (0.0, 0.0)]
    )
    def test_what_does_not_fall(self, values: tuple[Any, ...]) -> None:
        assert self.graded(*values).outcome is Outcome.FAIL

    def test_accuracies_rise_in_shares_or_per_cent(self) -> None:
        rising = {"rises": True, "absolute": True, "by": 0.2}
        assert self.graded(0.1, 0.5, **rising).outcome is Outcome.PASS
        assert self.graded(10.0, 50.0, **rising).outcome is Outcome.PASS
        assert self.graded(10.0, 20.0, **rising).outcome is Outcome.FAIL

    def test_too_short(self) -> None:
        assert self.graded(2.0, 1.0, length=3).outcome is Outcome.FAIL

    def test_a_shortened_run_shows_a_fall_but_disproves_none(self) -> None:
        def of(*values: float) -> Outcome:
            seen = a_seen(claims(TRAIN), run(figures=(drawn(*values),), budget_ended_training=True))
            return judged("curve.falls", self.PARAMS, seen).outcome

        assert of(2.0, 1.0) is Outcome.PASS
        assert of(2.0, 1.99) is Outcome.PENDING

    def test_an_error_before_the_figure_blocks(self) -> None:
        seen = a_seen(claims(TRAIN), run(cells=(STOPPED,), ended_by="error"))
        assert judged("curve.falls", self.PARAMS, seen).outcome is Outcome.BLOCKED


class TestGap:
    PARAMS: dict[str, Any] = {
        "train": {"printed": [TRAIN], "about": ["train"]},
        "validation": {"printed": [VALIDATION], "about": ["val"]},
        "at_least": 0.2,
    }

    def graded(self, train: tuple[Any, ...], validation: tuple[Any, ...], **params: Any) -> Any:
        seen = a_seen(claims(TRAIN, *train), claims(VALIDATION, *validation), run())
        return judged("curve.gap", {**self.PARAMS, **params}, seen)

    def test_losses_that_part(self) -> None:
        result = self.graded((2.0, 1.0, 0.1), (2.0, 1.5, 1.9))
        assert result.outcome is Outcome.PASS
        assert "a gap of 1.8, which is overfitting" in result.message
        assert self.graded((2.0, 1.0, 0.9), (2.0, 1.2, 1.0)).outcome is Outcome.FAIL
        assert self.graded((2.0, 1.0, 0.1), (2.0, 1.0, "nan")).outcome is Outcome.FAIL

    def test_accuracies_in_per_cent(self) -> None:
        params = {"what": "accuracy"}
        good = self.graded((50.0, 90.0, 99.0), (50.0, 60.0, 65.0), **params)
        assert good.outcome is Outcome.PASS
        assert self.graded((0.5, 0.6, 0.7), (0.5, 0.6, 0.7), **params).outcome is Outcome.FAIL

    def test_a_shortened_run_decides_nothing(self) -> None:
        figures = (drawn(1.0, 0.9, 0.8), drawn(1.0, 0.9, 0.8, label="val"))
        seen = a_seen(
            claims(TRAIN), claims(VALIDATION), run(figures=figures, budget_ended_training=True)
        )
        assert judged("curve.gap", self.PARAMS, seen).outcome is Outcome.PENDING


class TestEpochs:
    def graded(self, *printed: Any, shortened: bool = False, **params: Any) -> CheckResult:
        given = {"epochs": 3, "curve": {"printed": [TRAIN], "about": ["loss"]}, **params}
        figures = (drawn(1.0, 0.9),)
        seen = a_seen(
            claims(TRAIN, *printed), run(figures=figures, budget_ended_training=shortened)
        )
        return judged("curve.covers_epochs", given, seen)

    def test_all_epochs(self) -> None:
        assert self.graded(3.0, 2.0, 1.0).outcome is Outcome.PASS
        assert self.graded(3.0, 2.0, 1.0, 0.5).outcome is Outcome.PASS
        assert self.graded(3.0, 2.0, 1.0, 0.5, exactly=True).outcome is Outcome.FAIL
        assert self.graded(3.0, 2.0).outcome is Outcome.FAIL

    def test_a_shortened_run_decides_nothing(self) -> None:
        assert self.graded(shortened=True).outcome is Outcome.PENDING
        assert self.graded().outcome is Outcome.FAIL


def table(columns: tuple[str, ...], *rows: tuple[Any, ...]) -> Table:
    return Table(place=PLACE, columns=columns, rows=rows)


def documents(*tables: Table) -> Evidence:
    return measured(read_documents(), Documents(tables=tables))


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
        assert "lacks a column like 'val.*acc'" in result.message

    def test_rows_named_at_the_left(self) -> None:
        turned = table(("", "one", "two"), ("train loss", 0.1, 0.2), ("val acc", 0.9, 0.8))
        assert self.graded(turned).outcome is Outcome.PASS

    def test_words_are_no_results(self) -> None:
        words = table(("train loss", "val acc"), ("low", "high"), ("low", "nan"))
        assert self.graded(words).outcome is Outcome.FAIL

    def test_no_table(self) -> None:
        assert "No table was found" in self.graded().message


class TestRunsCompared:
    PATTERN = r"lr=(?P<value>[\d.]+)"
    FILES = ("*.pdf", "*.docx", "*.md", "*.html", "*.tex", "*.txt")

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
        assert "3 different ones of the learning rates" in result.message
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


def picture(**changes: Any) -> ImageSeen:
    return ImageSeen(**{"shape": (5, 5), "name": "", **changes})


def pictured(*images: ImageSeen) -> FigureSeen:
    axes = Axes(
        title="", x_label="", y_label="", legend=(), lines=(), images=len(images), pictures=images
    )
    return FigureSeen(cell=4, axes=(axes,))


class TestFilters:
    def graded(self, *images: ImageSeen, **params: Any) -> CheckResult:
        return judged("filters.shown", params, a_seen(run(figures=(pictured(*images),))))

    def test_slices_of_weights(self) -> None:
        filters = [picture(is_of="parameter", name="conv1.weight", index=(i, 0)) for i in range(3)]
        result = self.graded(*filters)
        assert result.outcome is Outcome.PASS
        assert "3 filters of conv1.weight" in result.message
        assert self.graded(*filters, layer="conv2").outcome is Outcome.PENDING
        assert self.graded(*(filters[:1] * 3)).outcome is Outcome.PENDING

    def test_each_layer_earns_its_share(self) -> None:
        both = [
            picture(is_of="parameter", name=f"conv{layer}.weight", index=(i, 0))
            for layer in (1, 2)
            for i in range(3)
        ]
        maps = picture(shape=(14, 14))
        result = self.graded(*both, maps, layers=4, at_least=6)
        assert (result.outcome, result.fraction) == (Outcome.PARTIAL, Fraction(1, 2))
        assert result.message.endswith(
            "at least 6 filters of 4 layers were asked for. This earns half of the points."
        )
        assert self.graded(*both, layers=2).outcome is Outcome.PASS
        few = self.graded(*both[:5], layers=4, at_least=6)
        assert (few.outcome, few.fraction) == (Outcome.FAIL, 0)
        matrix, others = picture(), [picture() for _ in range(3)]
        assert self.graded(*both, matrix, layers=4, at_least=6).fraction == Fraction(1, 2)
        assert self.graded(*both, *others, layers=4, at_least=6).outcome is Outcome.PENDING

    def test_pictures_of_something_else(self) -> None:
        unknown = [picture() for _ in range(3)]
        assert self.graded(*unknown).outcome is Outcome.PENDING
        assert self.graded(*unknown, unrecognised_fraction=0.5).fraction == 0.5
        assert self.graded().outcome is Outcome.FAIL


class TestGallery:
    WRONG = 6
    """The first rows that the net misclassifies."""

    def graded(self, rows: tuple[int, ...], **truth: Any) -> CheckResult:
        labels = some_labels(100)
        images = [picture(is_of="dataset", name=DATASET, index=(row,)) for row in rows]
        request = predict(a_rubric(), "cnn", DATASET)
        scores = some_scores(labels, wrong=self.WRONG)
        seen = a_seen(
            run(figures=(pictured(*images),)),
            measured(request, some_predictions(), scores=scores),
            truth=a_truth(labels={DATASET: labels}, **truth),
        )
        given = {"model": "cnn", "dataset": DATASET, "at_least": 5}
        return judged("gallery.misclassified", given, seen)

    def test_rows_that_the_net_gets_wrong(self) -> None:
        assert self.graded((0, 1, 2, 3, 4)).outcome is Outcome.PASS
        result = self.graded((0, 1, 2, 50, 51))
        assert result.outcome is Outcome.FAIL
        assert "3 of the 5 pictures that you show are misclassified" in result.message

    def test_the_labels_that_the_code_saw_decide(self) -> None:
        served = tuple((label + 1) % 10 for label in some_labels(100))
        shown = self.graded((50, 51, 52, 53, 54), served_labels={DATASET: served})
        assert shown.outcome is Outcome.PASS
        right = self.graded((0, 1, 2, 3, 4), served_labels={DATASET: served})
        assert right.outcome is Outcome.FAIL

    def test_rows_are_those_of_the_served_copy(self) -> None:
        order = tuple(reversed(range(100)))
        served = tuple(some_labels(100)[row] for row in order)
        truth = {"served_labels": {DATASET: served}, "served_rows": {DATASET: order}}
        assert self.graded((99, 98, 97, 96, 95), **truth).outcome is Outcome.PASS
        assert self.graded((0, 1, 2, 3, 4), **truth).outcome is Outcome.FAIL

    def test_unknown_pictures_wait_for_a_person(self) -> None:
        seen = a_seen(run(figures=(pictured(*[picture() for _ in range(5)]),)))
        given = {"model": "cnn", "dataset": DATASET}
        assert judged("gallery.misclassified", given, seen).outcome is Outcome.PENDING


class TestConfusion:
    def graded(self, *tables: Table, figures: tuple[FigureSeen, ...] = (), **params: Any) -> Any:
        labels = some_labels(100)
        scores = some_scores(labels, wrong=7)
        seen = a_seen(
            documents(*tables),
            run(figures=figures),
            measured(predict(a_rubric(), "cnn", DATASET), some_predictions(), scores=scores),
            truth=a_truth(labels={DATASET: labels}),
        )
        given = {"model": "cnn", "dataset": DATASET, "classes": 10, "tolerance": 0, **params}
        return judged("confusion.matches", given, seen)

    def matrix(self) -> Any:
        counts = 10.0 * np.eye(10)
        for row in range(7):
            counts[row, row] -= 1
            counts[row, (row + 1) % 10] += 1
        return counts

    def printed(self, counts: Any) -> Table:
        return table((), *(tuple(float(value) for value in row) for row in counts))

    def test_counts_shares_and_both_ways_round(self) -> None:
        counts = self.matrix()
        for shown in (counts, counts.T, counts / 100, (counts / counts.sum(1)[:, None]).round(2)):
            assert self.graded(self.printed(shown)).outcome is Outcome.PASS

    def test_percentages(self) -> None:
        counts = self.matrix()
        shares = counts / counts.sum(1)[:, None]
        assert self.graded(self.printed((100 * shares).round(1))).outcome is Outcome.PASS

    def test_the_counts_are_not_any_that_look_like_them(self) -> None:
        for made_up in (10.0 * np.eye(10), 100.0 * np.eye(10), np.eye(10), 0.1 * np.eye(10)):
            assert self.graded(self.printed(made_up)).outcome is Outcome.FAIL

    def test_what_cannot_be_counts_is_none(self) -> None:
        figures = (pictured(picture(shape=(10, 10))),)
        rng = np.random.default_rng(0)
        probabilities = rng.dirichlet(np.full(10, 0.1), 10)
        one_hot = np.eye(10)[rng.integers(0, 10, 10)]
        more_rows = np.vstack([self.matrix()] * 2)
        odd = (-self.matrix(), self.matrix() * 0.37, self.matrix() / 1000)
        for other in (*odd, probabilities, one_hot, more_rows, np.eye(10)[::-1]):
            assert self.graded(self.printed(other), figures=figures).outcome is Outcome.PASS
            assert "No 10x10" in self.graded(self.printed(other)).message

    def test_other_counts_fail_and_are_flagged(self) -> None:
        counts = self.matrix()
        counts[0, 0] += 3
        result = self.graded(self.printed(counts))
        assert result.outcome is Outcome.FAIL
        assert "in 1 of 100 cells" in result.message
        assert result.flags[0].code == "confusion_differs"

    def test_a_drawn_one_counts_for_its_form(self) -> None:
        figures = (pictured(picture(shape=(10, 10))),)
        assert self.graded(figures=figures).outcome is Outcome.PASS
        assert self.graded(figures=figures, structure_fraction=0.5).fraction == 0.5
        assert self.graded(figures=(pictured(picture(shape=(3, 3))),)).outcome is Outcome.FAIL

    def test_a_filter_of_the_same_size_is_none(self) -> None:
        filters = picture(shape=(10, 10), is_of="parameter", name="conv1.weight")
        assert self.graded(figures=(pictured(filters),)).outcome is Outcome.FAIL


class TestPdf:
    def graded(self, **changes: Any) -> CheckResult:
        given = {
            "pdf": "hw.pdf",
            "notebook": "hw.ipynb",
            "pages": 3,
            "has_text": True,
            "cells": 20,
            "found": 20,
        }
        evidence = measured(compare_pdf("*.pdf"), PdfMatch(**{**given, **changes}))
        return judged("pdf.matches", {}, a_seen(evidence))

    def test_an_export(self) -> None:
        assert self.graded().outcome is Outcome.PASS

    def test_missing_cells_cost(self) -> None:
        result = self.graded(found=17, missing=(PLACE,))
        assert result.fraction == 0.5
        assert "missing: hw.ipynb, cell 3" in result.message
        assert self.graded(found=5).outcome is Outcome.FAIL
        assert self.graded(cells=0, found=0).outcome is Outcome.FAIL

    def test_pictures_wait_for_a_person(self) -> None:
        assert self.graded(has_text=False, found=0).outcome is Outcome.PENDING

    def test_one_that_cannot_be_read(self) -> None:
        assert "cannot be read: broken." in self.graded(error="broken").message


class TestTeamAndDate:
    DUE = datetime(2024, 2, 28, 21, 59, tzinfo=UTC)

    def handed_in(self, after: timedelta | None, **params: Any) -> CheckResult:
        assignment = {"id": "x", "title": "X", "due": self.DUE.isoformat()}
        when = None if after is None else self.DUE + after
        seen = a_seen(
            rubric=a_rubric(assignment=assignment), submission=a_submission(submitted_at=when)
        )
        return judged("deadline.met", params, seen)

    def test_on_time(self) -> None:
        assert self.handed_in(timedelta(minutes=0)).outcome is Outcome.PASS
        assert self.handed_in(timedelta(minutes=1)).outcome is Outcome.FAIL
        assert self.handed_in(timedelta(minutes=5), grace_minutes=5).outcome is Outcome.PASS

    def test_days_late_earn_less(self) -> None:
        late = [{"days": 1, "fraction": 0.9}, {"days": 3, "fraction": 0.5}]
        shares = [
            float(self.handed_in(timedelta(hours=hours), late=late).fraction)
            for hours in (1, 24, 25, 72, 73)
        ]
        assert shares == [0.9, 0.9, 0.5, 0.5, 0]

    def test_an_unknown_time(self) -> None:
        assert self.handed_in(None).outcome is Outcome.PENDING
        assert self.handed_in(None, unknown="pass").outcome is Outcome.PASS

    def test_a_later_day_may_not_earn_more(self) -> None:
        with pytest.raises(ValueError, match="may not earn more"):
            DeadlineMet.model_validate(
                {"late": [{"days": 1, "fraction": 0.5}, {"days": 2, "fraction": 0.9}]}, strict=False
            )

    def test_team_sizes(self) -> None:
        def of(*ids: str) -> Outcome:
            seen = a_seen(submission=a_submission(student_ids=ids))
            return judged("team.size", {}, seen).outcome

        assert of("1", "2") is Outcome.PASS
        assert of("1", "2", "3") is Outcome.FAIL
        assert of() is Outcome.PENDING


class TestFinding:
    def finding(self, code: str) -> Finding:
        return Finding(
            code=code,
            place=PLACE,
            seen="softmax before the loss",
            why="It flattens gradients",
            mend="Remove it",
            how="static",
        )

    def graded(self, *codes: str, **params: Any) -> CheckResult:
        found = Findings(findings=tuple(self.finding(code) for code in codes))
        seen = a_seen(measured(find_mistakes(), found), run())
        return judged("finding.absent", {"codes": ["softmax", "eval"], **params}, seen)

    def test_absent_and_there(self) -> None:
        assert self.graded("other").outcome is Outcome.PASS
        result = self.graded("softmax")
        assert result.outcome is Outcome.FAIL
        assert "softmax before the loss (hw.ipynb, cell 3)" in result.message
        assert result.hint == "Remove it"
        assert self.graded("softmax", partial=True).fraction == 0.5


class TestSpeed:
    GIVEN = "def build(): ..."

    def graded(
        self,
        mine: tuple[float, ...],
        theirs: tuple[float, ...],
        counts: tuple[int, ...] = (2, 6, 10),
        **params: Any,
    ) -> Any:
        rubric = a_rubric()
        evidence = []
        for source, walls in (("", mine), (self.GIVEN, theirs)):
            for least, (most, wall) in enumerate(zip((2, 6, 10), walls, strict=True), 1):
                request = time_module(
                    rubric, "cnn", passes=most, least=least, seconds=8 * most / 10, batch=8,
                    training=False, given=source,
                )  # fmt: skip
                made = min(most, counts[least - 1])
                payload = Timing(binding=a_binding(), passes=made, batch=8)
                piece = measured(request, payload)
                evidence.append(piece.model_copy(update={"wall_seconds": wall}))
        bands = [{"at": 2, "fraction": 1}, {"at": 1.5, "fraction": 0.5}]
        given = params | {"model": "cnn", "given": self.GIVEN, "bands": bands, "passes": [2, 6, 10]}
        return judged("speed.ratio", given, a_seen(*evidence))

    def test_ratios_of_differences(self) -> None:
        result = self.graded((1.0, 2.0, 3.0), (5.0, 8.0, 11.0))
        assert result.outcome is Outcome.PASS
        assert result.measured == 3
        assert self.graded((1.0, 2.0, 3.0), (1.0, 2.0, 3.0)).outcome is Outcome.FAIL

    def test_a_slow_net_made_fewer_passes(self) -> None:
        result = self.graded((1.0, 2.0, 3.0), (3.0, 5.0, 7.0), counts=(1, 3, 5))
        assert result.measured == 2
        assert self.graded((1, 2, 3), (3, 5, 7), counts=(2, 2, 2)).outcome is Outcome.ERROR
        claimed = self.graded((1.0, 2.0, 3.0), (3.0, 5.0, 7.0), counts=(200, 600, 1000))
        assert claimed.measured == 2, "never more than were asked for"

    def test_close_to_a_band_is_flagged(self) -> None:
        result = self.graded((1.0, 2.0, 3.0), (1.0, 2.9, 4.8))
        assert result.fraction == 0.5
        assert result.flags[0].code == "near_threshold"

    @pytest.mark.parametrize("mine", [(1.0, 2.0, 5.0), (1.0, 1.001, 1.002), (3.0, 2.0, 1.0)])
    def test_a_busy_machine_is_nobodys_zero(self, mine: tuple[float, ...]) -> None:
        assert self.graded(mine, (5.0, 8.0, 11.0)).outcome is Outcome.ERROR

    def test_a_verdict_that_no_noise_can_turn_is_given(self) -> None:
        assert self.graded((1.0, 2.0, 5.0), (50.0, 80.0, 110.0)).outcome is Outcome.PASS
        assert self.graded((50.0, 80.0, 150.0), (1.0, 2.0, 3.0)).outcome is Outcome.FAIL
        assert self.graded((0.235, 0.547, 0.593), (0.5, 4.1, 8.1)).outcome is Outcome.PASS
        assert self.graded((0.235, 0.547, 0.593), (0.5, 0.9, 1.1)).outcome is Outcome.ERROR


class TestAutoencoder:
    def graded(self, outputs: Any) -> CheckResult:
        inputs = np.tile(np.array([[0, 255], [255, 0]], dtype=np.uint8), (50, 32))
        request = predict(a_rubric(), "cnn", DATASET)
        seen = a_seen(
            measured(request, some_predictions(), scores=outputs(inputs).astype(np.float32)),
            truth=a_truth(inputs={DATASET: inputs}),
        )
        given = {"model": "cnn", "dataset": DATASET, "bands": [{"at": 0.02, "fraction": 1}]}
        return judged("autoencoder.error_at_most", given, seen)

    def test_the_error_is_measured_against_the_inputs(self) -> None:
        result = self.graded(lambda x: x / 255 + 0.1)
        assert result.outcome is Outcome.PASS
        assert result.measured == pytest.approx(0.01, rel=1e-5)
        assert "the average picture would reach 0.25" in result.message
        assert self.graded(lambda x: x / 255 + 0.2).outcome is Outcome.FAIL
        assert self.graded(lambda x: x * np.nan).outcome is Outcome.FAIL
        assert self.graded(lambda x: x[:, :10] / 255).outcome is Outcome.FAIL


class TestBeats:
    ROLES: dict[str, Any] = {
        name: {"kind": "module", "names": [name]} for name in ("first", "second")
    }

    def graded(self, first: int, second: int, **params: Any) -> CheckResult:
        rubric = a_rubric(roles=self.ROLES)
        labels = some_labels(100)
        evidence = [
            measured(
                predict(rubric, role, DATASET),
                some_predictions(),
                scores=some_scores(labels, wrong=wrong),
            )
            for role, wrong in (("first", first), ("second", second))
        ]
        truth = a_truth(labels={DATASET: labels}, partial={DATASET: "1,000 of 10,000 pictures"})
        seen = a_seen(*evidence, rubric=rubric, truth=truth)
        given = {"better": "second", "worse": "first", "dataset": DATASET, **params}
        return judged("accuracy.beats", given, seen)

    def test_the_second_must_be_better(self) -> None:
        result = self.graded(30, 20)
        assert result.outcome is Outcome.PASS
        assert "accuracy 0.8000" in result.message
        assert "Measured on a part of the data: 1,000 of 10,000 pictures." in result.message
        assert self.graded(20, 20).outcome is Outcome.FAIL
        assert self.graded(30, 20, by=0.1).outcome is Outcome.PASS
        assert self.graded(30, 20, by=0.11).outcome is Outcome.FAIL


class TestHistory:
    def graded(self, figure: FigureSeen, output: str = "", losses: tuple[Any, ...] = ()) -> Any:
        cells = (CellRun(cell=1, status="ok", wall_seconds=1, output=output),)
        series = (LossSeries(place=None, values=losses),) if losses else ()
        seen = a_seen(run(figures=(figure,), cells=cells, losses=series))
        return judged("figure.has", {"lines": 1, "history": True, "history_fraction": 0.5}, seen)

    def test_lines_that_were_recorded(self) -> None:
        assert self.graded(drawn(0.5, 0.25), "loss 0.5\nloss 0.25").outcome is Outcome.PASS
        means = self.graded(drawn(3.0, 1.0), losses=(4.0, 2.0, 1.5, 0.5))
        assert means.outcome is Outcome.PASS

    def test_lines_that_were_not(self) -> None:
        result = self.graded(drawn(0.7, 0.3), "loss 0.5\nloss 0.25", (4.0, 2.0, 1.5, 0.5))
        assert result.fraction == 0.5
        assert result.flags[0].code == "series_not_recorded"
        assert self.graded(drawn("nan", "nan"), "0.5").fraction == 0.5


def test_patterns_of_this_file_compile() -> None:
    assert re.compile(TRAIN).groupindex == re.compile(VALIDATION).groupindex
