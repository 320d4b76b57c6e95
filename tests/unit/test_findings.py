"""Findings of all evidence side by side, and how they reach the scorecard and the pages."""

from fractions import Fraction

import pytest

from grader.checks.findings import as_remark, findings_in, findings_of_results, parts
from grader.checks.requests import describe_module, execute, find_mistakes, read_documents
from grader.model.documents import Documents, Finding, Findings, Table
from grader.model.evidence import EvidenceSet, Place
from grader.model.measurements import Execution, Layer, ModuleFacts, SavedTensor
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult, Flag
from grader.report import Audience
from tests.made_up import a_binding, a_rubric, measured, student_fault
from tests.unit.report import klass
from tests.unit.report.test_report_pages import rendered


def a_finding(code="best_model_alias", how="static", **changes):
    place = Place(file="hw.ipynb", cell=4, line=12)
    given = {"place": place, "seen": "seen it", "why": "it matters", "mend": "mend it"}
    return Finding(code=code, how=how, **{**given, **changes})


def of_source(*findings):
    return measured(find_mistakes(), Findings(findings=findings))


def of_run(*findings):
    run = Execution(
        entry="hw.ipynb",
        cells=(),
        finished=True,
        ended_by="end",
        optimizer_steps=3,
        budget_ended_training=False,
        losses=(),
        figures=(),
        stubbed_packages=(),
        findings=findings,
    )
    return measured(execute(a_rubric()), run)


def tensors(*shapes, finite=True):
    return tuple(
        SavedTensor(name=f"{i}.weight", shape=shape, dtype="float32", finite=finite)
        for i, shape in enumerate(shapes)
    )


def of_net(saved, *, weights="classifier_cnn.model", class_name="Net", layers=()):
    facts = ModuleFacts(
        binding=a_binding(weights=weights),
        class_name=class_name,
        layers=tuple(Layer(path=str(i), type=t, torch=True) for i, t in enumerate(layers)),
        parameters=1,
        trainable=1,
        buffers=0,
        saved=saved,
        missing_keys=(),
        unexpected_keys=(),
    )
    return measured(describe_module(a_rubric(), "cnn"), facts)


def codes(*evidence):
    return [finding.code for finding in findings_in(EvidenceSet.of(*evidence))]


def test_source_and_run_are_one_finding_with_the_line_of_the_source():
    run = a_finding(how="dynamic", seen="3 of 4 shared", place=Place(file="hw.ipynb", cell=9))
    (found,) = findings_in(EvidenceSet.of(of_run(run), of_source(a_finding())))
    assert found.how == "static"
    assert found.place == Place(file="hw.ipynb", cell=4, line=12)
    assert found.seen == "seen it; the run shows: 3 of 4 shared"


def test_two_places_of_the_source_are_two_findings():
    other = a_finding(place=Place(file="hw.ipynb", cell=5, line=1))
    assert len(codes(of_source(a_finding(), other, a_finding()))) == 2


def test_faults_of_probes_hide_no_other_finding():
    assert codes(student_fault(execute(a_rubric())), of_source(a_finding())) == ["best_model_alias"]


FILTERS = [(64, 3, 3, 3)] * 10


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (of_net(tensors((256, 64), (10, 256))), ["cnn_file_holds_mlp"]),
        (of_net(tensors((32, 1, 3, 3), (10, 256))), []),
        (of_net(tensors((256, 64), (10, 256)), weights="classifier_mlp.model"), []),
        (of_net(tensors((256, 64)), weights="scnnet.pt"), []),
        (of_net(()), []),
        (of_net(tensors((32, 1, 3, 3), finite=False)), ["weights_not_finite"]),
        (of_net(tensors(*FILTERS, (10, 512)), weights="vgg16.pth"), ["vgg13_as_vgg16"]),
        (of_net(tensors(*FILTERS, (10, 512)), weights="vgg13.pth"), []),
        (of_net(tensors(*FILTERS, *FILTERS[:3]), weights="vgg16.pth"), []),
        (
            of_net(
                tensors(*FILTERS, *FILTERS[:3]),
                weights="m.pt",
                class_name="VGG16",
                layers=("Conv2d", "BatchNorm2d"),
            ),
            ["batch_norm_in_vgg16"],
        ),
        (of_net((), class_name="VGG16_bn", layers=("BatchNorm2d",)), []),
        (of_net((), class_name="VGG16", layers=("Conv2d",)), []),
        (of_net((), class_name="VGG16", layers=("Conv2d",) * 10), ["vgg13_as_vgg16"]),
        (of_net((), class_name="VGG13", layers=("Conv2d",) * 10), []),
    ],
)
def test_a_weight_file_against_what_it_is_called(evidence, expected):
    assert codes(evidence) == expected


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        (("net", "val loss", "val accuracy"), (("a", 0.4, 0.4), ("b", 0.5, 0.5)), True),
        (("net", "val loss", "val acc"), (("a", 0.4, 0.9), ("b", 0.5, 0.5)), False),
        (("val loss", "val acc"), ((0.4, 0.4),), False),
        (("test loss", "val acc"), ((0.4, 0.4), (0.5, 0.5)), False),
        (("val loss", "val acc"), (("nan", "nan"), ("", "")), False),
    ],
)
def test_a_table_whose_accuracy_is_the_loss(columns, rows, expected):
    table = Table(place=Place(file="report.md", line=3), columns=columns, rows=rows)
    found = codes(measured(read_documents(), Documents(tables=(table,))))
    assert found == (["accuracy_is_loss"] if expected else [])


def a_task(check, outcome, *flags):
    result = CheckResult(
        outcome=outcome,
        fraction=Fraction(int(outcome is Outcome.PASS)),
        message="it says 98%\nand 91% was measured",
        flags=flags,
        places=(Place(file="hw.ipynb", cell=3),),
    )
    return klass.task("q", "Q", klass.criterion("c", "C", 1, check, result))


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (
            a_task("claim.matches", Outcome.FAIL, Flag(code="claim_differs", message="differs")),
            ["claim_not_reproduced"],
        ),
        (
            a_task(
                "claim.matches",
                Outcome.FAIL,
                Flag(code="claim_differs", message="differs"),
                Flag(code="claim_impossible", message="No number of right answers gives it."),
            ),
            ["claim_not_reproduced", "claim_impossible"],
        ),
        (a_task("claim.matches", Outcome.FAIL), []),
        (a_task("backprop.matches_autograd", Outcome.FAIL), ["gradient_does_not_match_loss"]),
        (a_task("backprop.matches_autograd", Outcome.PASS), []),
        (a_task("backprop.matches_autograd", Outcome.BLOCKED), []),
    ],
)
def test_what_checks_saw(task, expected):
    found = findings_of_results([task])
    assert [finding.code for finding in found] == expected
    assert all("\n" not in finding.seen and finding.place.cell == 3 for finding in found)


def test_a_remark_keeps_the_three_parts():
    finding = a_finding(seen="one\ntwo", why="w" * 500, mend="m\n" * 250)
    remark = as_remark(finding)
    assert remark.code == "finding.best_model_alias"
    assert parts(remark) == ("one two", "w" * 500, ("m " * 250).strip())


def with_findings():
    """The class, whose first two submissions have findings and a remark of another kind."""
    cards = list(klass.klass())
    for number in (0, 1):
        found = (as_remark(a_finding()), as_remark(a_finding("claim_not_reproduced")))
        remarks = (*found, *cards[number].remarks)
        cards[number] = cards[number].model_copy(update={"remarks": remarks})
    return cards


def test_the_feedback_page_shows_findings_apart_from_remarks():
    cards = with_findings()
    pages = rendered(cards)
    page = pages[f"feedback/{cards[0].submission}.html"]
    section = page.partition('id="findings"')[2].partition("</section>")[0]
    for text in ("Best model alias", "seen it", "it matters", "mend it", "hw.ipynb", "line 12"):
        assert text in section
    assert "finding.best_model_alias" not in page.partition('id="remarks"')[2]
    assert 'id="findings"' not in pages[f"feedback/{cards[2].submission}.html"]


def test_the_overview_counts_them():
    cards = with_findings()
    section = rendered(cards)["index.html"].partition('id="f1"')[2].partition("</section>")[0]
    assert "Best model alias" in section
    assert section.count(cards[1].submission) >= 2


def test_students_see_findings_but_none_that_repeats_a_hidden_criterion():
    cards = with_findings()
    hidden = [c for t in cards[0].tasks for c in t.criteria if c.visibility.value != "visible"]
    assert hidden
    page = rendered(cards, audience=Audience.STUDENT_NOW)[f"feedback/{cards[0].submission}.html"]
    assert "Best model alias" in page
    assert "Claim not reproduced" not in page
