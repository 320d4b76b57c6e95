"""Which numbers of a net were trained before it began to train."""

import io

import pytest
import torch

from grader.inside.execution.journal import starts

NETS = """
import copy, torch
from torch import nn
torch.manual_seed(0)

def train(net, steps=3):
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.randn(8, 6)).square().mean().backward()
        optimizer.step()

class Coder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4))
        self.decoder = nn.Linear(4, 6)
    def forward(self, x):
        return self.decoder(self.encoder(x))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Coder().encoder
        self.head = nn.Linear(4, 3)
    def forward(self, x):
        return self.head(self.encoder(x))

coder, net = Coder(), Net()
"""
ENCODER = ((5, 6), (4, 5))
HEAD = ((3, 4),)


def last(ran):
    assert not ran.errors
    return ran.execution.starts[-1]


@pytest.mark.parametrize(
    "copying",
    [
        "net.encoder.load_state_dict(coder.encoder.state_dict())",
        "net.encoder = copy.deepcopy(coder.encoder); train(coder)",
        "net.encoder = coder.encoder",
        (
            "net.encoder[0].weight.data = coder.encoder[0].weight.data.clone()\n"
            "with torch.no_grad(): net.encoder[2].weight.copy_(coder.encoder[2].weight)"
        ),
        (
            "kept = {k: v.clone() for k, v in coder.encoder.state_dict().items()}; train(coder)\n"
            "del coder\nnet.encoder.load_state_dict(kept)"
        ),
        (
            "torch.save(coder.state_dict(), 'c.pt'); train(coder)\n"
            "net.load_state_dict(torch.load('c.pt'), strict=False)"
        ),
        (
            "net.encoder.load_state_dict(coder.encoder.state_dict())\n"
            "for p in net.encoder.parameters(): p.requires_grad = False"
        ),
    ],
)
def test_numbers_of_a_trained_net_are_told_however_they_were_copied(execute, copying):
    start = last(execute(NETS, f"train(coder)\n{copying}\ntrain(net)"))
    assert (start.net, start.trained, start.fresh) == ("Net", ENCODER, HEAD)
    assert (start.sources, start.unclear, start.own) == (("Coder",), (), ())


BEFORE = """
import pickle
import numpy as np
def before(give):
    coder = Coder()
    train(coder)
    return give(coder.encoder[0].weight)
"""


@pytest.mark.parametrize(
    "copying",
    [
        "net.encoder[0].weight.data = before(lambda w: copy.deepcopy(w.data))",
        "net.encoder[0].weight.data = before(lambda w: w.detach().clone())",
        (
            "before(lambda w: np.save('w.npy', w.detach().numpy()))\n"
            "net.encoder[0].weight = nn.Parameter(torch.tensor(np.load('w.npy')))"
        ),
        (
            "kept = before(lambda w: pickle.dumps(w.detach()))\n"
            "net.encoder[0].weight = nn.Parameter(pickle.loads(kept))"
        ),
        (
            "train(coder)\nkept = copy.deepcopy(coder.encoder[0].weight.data)\ntrain(coder)\n"
            "net.encoder[0].weight.data = kept"
        ),
        (
            "kept = before(lambda w: w.detach().clone())\nfor _ in range(20): train(Coder())\n"
            "net.encoder[0].weight.data = kept"
        ),
        (
            "train(coder)\n"
            "net.encoder[0].load_state_dict(strict=False, assign=False, "
            "state_dict={'weight': coder.encoder[0].weight.detach()})"
        ),
    ],
)
def test_numbers_outlive_the_net_that_was_trained_to_them(execute, copying):
    start = last(execute(NETS, BEFORE, f"{copying}\ntrain(net)"))
    assert (start.net, start.trained, start.sources) == ("Net", ((5, 6),), ("Coder",))
    assert start.unclear == ()


def test_a_net_that_was_not_kept_and_is_gone_leaves_its_shapes_unclear(execute, monkeypatch):
    monkeypatch.setattr(starts, "HELD_BYTES", 0)
    ran = execute(NETS, BEFORE, "train(coder)\nbefore(lambda w: w.detach().clone())\ntrain(net)")
    assert (last(ran).unclear, last(ran).fresh) == (ENCODER, HEAD)
    ran = execute(NETS, "train(coder)\ntrain(net)")
    assert (last(ran).unclear, last(ran).fresh) == ((), (*ENCODER, *HEAD))


def test_a_call_without_its_argument_raises_as_torch_does(execute):
    ran = execute(
        NETS,
        """
import traceback
try:
    net.load_state_dict()
except TypeError as error:
    print(error, [frame.name for frame in traceback.extract_tb(error.__traceback__)])
""",
    )
    assert not ran.errors
    message = "Module.load_state_dict() missing 1 required positional argument: 'state_dict'"
    assert ran.output == f"{message} ['<module>']\n"


def test_new_layers_in_the_net_that_was_trained(execute):
    start = last(execute(NETS, "train(net)\nnet.head = nn.Linear(4, 3)\ntrain(net)"))
    assert (start.trained, start.fresh, start.sources) == (ENCODER, HEAD, ("Net",))


@pytest.mark.parametrize(
    "between",
    [
        "",
        "net.load_state_dict(copy.deepcopy(net.state_dict()))",
        "for p in net.encoder.parameters(): p.requires_grad = False",
    ],
)
def test_a_net_that_goes_on_training_starts_from_nobody(execute, between):
    start = last(execute(NETS, f"train(net)\n{between}\ntrain(net)\ntrain(net)"))
    assert (start.own, start.trained, start.fresh) == ((*ENCODER, *HEAD), (), ())


def test_layers_that_thaw_were_not_trained_before(execute):
    ran = execute(
        NETS,
        "for p in net.encoder.parameters(): p.requires_grad = False\ntrain(net)\n"
        "for p in net.encoder.parameters(): p.requires_grad = True\ntrain(net)",
    )
    start = last(ran)
    assert (start.own, start.fresh, start.trained) == (HEAD, ENCODER, ())


def test_copies_of_what_was_never_trained_are_fresh(execute):
    ran = execute(
        NETS,
        "begin = copy.deepcopy(net.state_dict())\ntrain(coder)\ntrain(net)\nother = Net()\n"
        "other.load_state_dict(begin)\ntrain(other)\n"
        "torch.manual_seed(0)\nagain = Coder()\ntrain(again)",
    )
    assert not ran.errors
    assert [start.net for start in ran.execution.starts] == ["Coder", "Net", "Net", "Coder"]
    assert not any(start.trained or start.unclear for start in ran.execution.starts)


def test_files_of_another_day_and_numbers_from_elsewhere_are_unclear(execute):
    buffer = io.BytesIO()
    torch.save({"0.weight": torch.randn(5, 6), "2.weight": torch.randn(4, 5)}, buffer)
    elsewhere = "import numpy as np\nw = {'0.weight': torch.tensor(np.random.rand(5, 6))}\n"
    ran = execute(
        NETS,
        "net.encoder.load_state_dict(torch.load('old.pt'), strict=False)\ntrain(net)",
        elsewhere + "net = Net()\nnet.encoder.load_state_dict(w, strict=False)\ntrain(net)",
        files={"old.pt": buffer.getvalue()},
    )
    assert not ran.errors
    old, new = ran.execution.starts
    assert (old.unclear, old.fresh, old.sources) == (ENCODER, HEAD, ("old.pt",))
    assert (new.unclear, new.sources) == (((5, 6),), ())


def test_inputs_that_are_always_zero_hide_nothing(execute):
    """Weights of a corner pixel never change; the others do."""
    ran = execute(
        NETS,
        """
def wide():
    return nn.Linear(784, 128)
def learn(net):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    x = torch.rand(8, 784)
    x[:, 0] = 0
    net(x).square().mean().backward()
    optimizer.step()
first, second = wide(), wide()
learn(first)
second.load_state_dict(first.state_dict())
learn(second)
""",
    )
    assert (128, 784) in last(ran).trained
