"""Weights that others trained: ruled out, asked for, or loaded by a use of an API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from grader.checks.pretrained import LOADS, _scan
from grader.checks.requests import read_documents, scan_apis
from grader.model.documents import Documents, Text
from grader.model.evidence import Place
from grader.model.measurements import ApiUse, ApiUses
from grader.model.outcome import Outcome
from tests.made_up import a_seen, a_truth, judged, measured
from tests.unit.checks.test_nets import PLACE, described, tensor

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult


def uses(*found: tuple[str, str]) -> ApiUses:
    return ApiUses(
        uses=tuple(ApiUse(name=n, place=PLACE, how="static", text=t) for n, t in found),
        searched=(),
    )


class TestPretrained:
    def graded(self, *found: tuple[str, str], **params: Any) -> CheckResult:
        seen = a_seen(measured(_scan(), uses(*found)))
        return judged("weights.not_pretrained", params, seen)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("torchvision.models", "net = models.resnet18(pretrained=True)"),
            ("torchvision.models", "net = models.resnet18(True)"),
            ("torchvision.models", 'net = resnet18(weights="DEFAULT")'),
            ("torchvision.models", "net = vgg16(weights=models.VGG16_Weights.IMAGENET1K_V1)"),
            ("timm", "timm.create_model('resnet18', pretrained=True)"),
            ("torch.hub.load", "torch.hub.load('pytorch/vision', 'resnet18')"),
            ("torch.nn.Module.from_pretrained", "Model.from_pretrained('x')"),
        ],
    )
    def test_weights_of_others_are_found(self, name: str, text: str) -> None:
        result = self.graded((name, text))
        assert result.outcome is Outcome.FAIL
        assert str(PLACE) in result.message

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("torchvision.models", "net = models.resnet18(weights=None)"),
            ("torchvision.models", "net = models.resnet18(pretrained=False)"),
            ("torchvision.models", "net = models.resnet18()"),
            ("torchvision.models", "from torchvision.models import VGG16_Weights"),
            ("torch.hub.load", "torch.hub.load('p/v', 'resnet18', pretrained=False)"),
        ],
    )
    def test_architectures_without_weights_are_no_use(self, name: str, text: str) -> None:
        assert self.graded((name, text)).outcome is Outcome.PASS

    def test_what_is_not_clear_is_flagged_for_a_person(self) -> None:
        result = self.graded(("torchvision.models", "net = resnet18(weights=chosen)"))
        assert result.outcome is Outcome.PASS
        assert result.flags[0].code == "pretrained_unclear"

    def test_what_the_rubric_allows_is_allowed(self) -> None:
        use = ("torchvision.models", "net = models.vgg16(pretrained=True)")
        assert self.graded(use, allowed=["vgg16"]).outcome is Outcome.PASS

    def test_it_is_allowed_below_its_own_heading_alone(self) -> None:
        def graded(*headings: tuple[int, str]) -> CheckResult:
            documents = Documents(
                texts=tuple(
                    Text(place=Place(file=PLACE.file, cell=cell), kind="markdown", text=text)
                    for cell, text in headings
                )
            )
            use = ("torchvision.models", "net = models.vgg16(pretrained=True)")
            seen = a_seen(measured(_scan(), uses(use)), measured(read_documents(), documents))
            given = {"allowed": ["vgg16"], "allowed_under": "VGG"}
            return judged("weights.not_pretrained", given, seen)

        assert PLACE.cell is not None
        own = graded((PLACE.cell - 1, "# VGG16's filters"))
        assert (own.outcome, own.flags) == (Outcome.PASS, ())
        other = graded((PLACE.cell - 1, "# A CNN"), (PLACE.cell + 1, "# VGG16's filters"))
        assert other.outcome is Outcome.FAIL
        bare = graded()
        assert bare.outcome is Outcome.PASS
        assert [flag.code for flag in bare.flags] == ["pretrained_unclear"]

    def test_official_tensors_are_known_by_their_digest(self) -> None:
        def graded(digest: str) -> CheckResult:
            seen = a_seen(
                measured(_scan(), uses()),
                described("saved", saved=(tensor("conv1.weight", digest),)),
                truth=a_truth(expected={"official": lambda: ["b" * 64]}),
            )
            given = {"model": "cnn", "known": "official"}
            return judged("weights.not_pretrained", given, seen)

        assert graded("a").outcome is Outcome.PASS
        assert "number for number: conv1.weight" in graded("b").message

    def test_pretraining_asked_for(self) -> None:
        names = ("torchvision.models.vgg16",)
        given = {"names": list(names), "weights": True}

        def graded(text: str, *loads: str) -> CheckResult:
            loaded = uses(*((LOADS[0], load) for load in loads))
            seen = a_seen(
                measured(scan_apis(names), uses((names[0], text))),
                measured(scan_apis(LOADS), loaded),
            )
            return judged("pretraining.used", given, seen)

        own = "cnn.load_state_dict(torch.load('cnn.pt'))"
        assert graded("vgg = models.vgg16()", own).outcome is Outcome.PENDING
        assert graded("vgg = models.vgg16(pretrained=True)", own).outcome is Outcome.PASS
        assert graded("vgg = models.vgg16(pretrained=True)").outcome is Outcome.PASS
        assert graded("vgg = models.vgg16(weights=WEIGHTS)").outcome is Outcome.PASS
        assert graded("vgg = models.vgg16()").outcome is Outcome.FAIL
        assert graded("vgg = models.vgg16(weights=None)").outcome is Outcome.FAIL
        assert graded("vgg = vgg16(True)").outcome is Outcome.PASS
        for none in ("", "False", "None", "False, progress", "num_classes=2*n"):
            assert graded(f"vgg = vgg16({none})").outcome is Outcome.FAIL
        for unclear in ("**how", "progress=False, **how", "wanted", "W.DEFAULT", "'DEFAULT'"):
            assert graded(f"vgg = vgg16({unclear})").outcome is Outcome.PENDING
        assert graded("from torchvision.models import vgg16").outcome is Outcome.FAIL


class TestApiUsed:
    def test_any_or_every(self) -> None:
        names = ("torch.optim.SGD", "torch.optim.Adam")
        seen = a_seen(measured(scan_apis(names), uses((names[0], "SGD(…)"))))
        given: dict[str, Any] = {"names": list(names)}
        assert judged("api.used", given, seen).outcome is Outcome.PASS
        result = judged("api.used", {**given, "every": True}, seen)
        assert result.outcome is Outcome.FAIL
        assert "No use of torch.optim.Adam" in result.message
