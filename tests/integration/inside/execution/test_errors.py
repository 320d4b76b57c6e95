"""Which errors may come from training that we ended early, and which are the student's."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader

from grader.inside.execution.errors import may_come_from_cut


class WithLoss(nn.Module):
    def forward(self, x, y):
        return functional.mse_loss(x, y)


SOME, ALL = torch.zeros(32, 1), torch.zeros(100, 1)
FORGETS = nn.Sequential(nn.Linear(2, 2))
FORGETS[0].forward = lambda _x: None
NEVER_CHOSEN = None
SHORT: list[float] = []
SIZES = [torch.zeros(2), torch.zeros(3)]


def excused(act, *, assigned=(), saves=True):
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever it raises is what is asked about
        return may_come_from_cut(error, lambda name: name in assigned, lambda: saves)
    pytest.fail("it raised nothing")


@pytest.mark.parametrize(
    "act",
    [
        lambda: SHORT[99],
        lambda: max([]),
        lambda: 1 / len([]),
        lambda: {0: 0.5}[99],
        lambda: next(iter([])),
        lambda: np.arange(100) + np.arange(3),
        lambda: np.zeros(3)[99],
        lambda: torch.zeros(3)[99],
        lambda: torch.zeros(500).view(10000),
        lambda: torch.cat([]),
        lambda: torch.zeros(500) == torch.zeros(10000),
        lambda: torch.zeros(0).max(),
        lambda: nn.Linear(2, 2).load_state_dict(None),
        lambda: NEVER_CHOSEN(torch.zeros(2)),
        lambda: NEVER_CHOSEN.state_dict,
        lambda: functional.cross_entropy(
            torch.zeros(500, 10), torch.zeros(10000, dtype=torch.long)
        ),
        lambda: functional.mse_loss(SOME, ALL),
        lambda: functional.l1_loss(SOME[:, 0], ALL[:, 0]),
        lambda: functional.kl_div(SOME, ALL),
        lambda: functional.binary_cross_entropy(SOME, ALL),
        lambda: functional.binary_cross_entropy_with_logits(SOME, ALL),
        lambda: nn.MSELoss()(SOME, ALL),
        lambda: nn.BCEWithLogitsLoss()(SOME, ALL),
        lambda: int(np.inf),
        Path("best.pt").read_bytes,
    ],
)
def test_what_code_raises_that_counted_on_more(act):
    assert excused(act)


@pytest.mark.parametrize(
    "act",
    [
        lambda: functional.cross_entropy(torch.zeros(2, 5), torch.tensor([0, 9])),
        lambda: functional.nll_loss(torch.zeros(2, 5), torch.tensor([0, 5])),
        lambda: functional.one_hot(torch.tensor([9]), 5),
        lambda: nn.Embedding(3, 2)(torch.tensor([7])),
        lambda: nn.Linear(4, 2)(torch.zeros(1, 3)),
        lambda: torch.zeros(2, 3) @ torch.zeros(2, 3),
        lambda: functional.binary_cross_entropy(torch.zeros(4, 1), torch.zeros(4)),
        lambda: functional.mse_loss(torch.zeros(4), torch.zeros(3)),
        lambda: functional.mse_loss(SOME, torch.zeros(100, 2)),
        lambda: functional.binary_cross_entropy_with_logits(SOME, ALL[:, 0]),
        lambda: nn.BCELoss()(SOME, SOME[:, 0]),
        lambda: functional.mse_loss(torch.zeros(32, 5), torch.zeros(32, 6)),
        lambda: WithLoss()(SOME, ALL),
        lambda: torch.zeros(3)[0, 0],
        lambda: torch.zeros(3).sum(dim=2),
        lambda: torch.zeros(3).sum().backward(),
        lambda: torch.optim.SGD([], lr=0.1),
        lambda: nn.Linear(2, 2).load_state_dict({"w": torch.zeros(2)}),
        lambda: next(iter(DataLoader(SIZES, batch_size=2))),
        lambda: nn.Sequential(FORGETS, nn.Linear(2, 2))(torch.zeros(2)),
        lambda: int("a"),
        lambda: np.exp("a"),
        Path("notes.txt").read_bytes,
    ],
)
def test_what_is_as_wrong_after_all_epochs(act):
    assert not excused(act)


def test_a_net_that_nothing_saves_is_not_missing_because_of_us():
    assert not excused(Path("best.pt").read_bytes, saves=False)


def test_in_a_run_only_the_cell_that_counted_on_more_is_excused(execute):
    ran = execute(
        "import torch, torch.nn.functional as F\nW = torch.zeros(2, requires_grad=True)\n"
        "opt = torch.optim.SGD([W], lr=.1)\nlosses = []\n"
        "for e in range(100):\n    (W ** 2).sum().backward(); opt.step(); losses.append(1)",
        "losses[99]",
        "F.cross_entropy(torch.zeros(2, 5), torch.tensor([0, 9]))",
        "torch.load('best.pt')",
    )
    kinds = [cell.error_kind for cell in ran.execution.cells]
    assert kinds == ["", "IndexError", "IndexError", "FileNotFoundError"]
    places = [str(remark.place) for remark in ran.remarks if remark.code == "budget.cut"]
    assert places == ["hw.ipynb, cell 2, line 1"]
