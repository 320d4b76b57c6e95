"""What student objects hold never breaks the report, nor turns a run into our failure."""

import pytest

from grader.inside.execution.run import Run

TRAINED = """
import torch
class Rows(torch.utils.data.Dataset):
    def __len__(self): return 4
    def __getitem__(self, i): return torch.ones(2), 0
class Sampler:
    def __init__(self, batch_size): self.batch_size = batch_size
    def __iter__(self): yield [0, 1]
    def __len__(self): return 1
class Cursed:
    def __getattr__(self, name): raise ValueError(name)
    def __repr__(self): raise KeyError
    __float__ = __index__ = __len__ = __iter__ = __bool__ = __hash__ = __repr__
class Silent:
    __float__ = __index__ = __len__ = __iter__ = __bool__ = __repr__ = __getattr__ = len
net = torch.nn.Linear(2, 1)
def train(lr=.1, batch_size=2):
    loader = torch.utils.data.DataLoader(Rows(), batch_sampler=Sampler(batch_size))
    opt = torch.optim.SGD(net.parameters(), lr=.1)
    for x, _ in loader:
        opt.zero_grad(); net(x).sum().backward()
        opt.step()
        opt.param_groups[0]['lr'] = lr
        opt.step()
"""


@pytest.mark.parametrize(
    ("arguments", "lr", "batch_size"),
    [
        ("lr=torch.tensor([.25])", 0.25, 2),
        ("batch_size=__import__('numpy').int64(2)", 0.1, 2),
        ("batch_size=2.5", 0.1, None),
        ("batch_size=10 ** 5000", 0.1, None),
        ("batch_size=Cursed()", 0.1, None),
        ("batch_size=Silent()", 0.1, None),
    ],
)
def test_settings_of_any_kind_are_read_or_left_out(execute, arguments, lr, batch_size):
    ran = execute(f"{TRAINED}\ntrain({arguments})")
    assert ran.errors == []
    assert ran.execution.optimizers[0].last_lr == lr
    assert ran.execution.loaders[0].batch_size == batch_size


@pytest.mark.parametrize("kind", ["Cursed", "Silent"])
def test_a_rate_that_cannot_be_read_is_no_number(execute, kind):
    ran = execute(
        f"{TRAINED}\ntrain()\nclass Odd(torch.optim.SGD):\n"
        "    def step(self, closure=None): pass\n"
        f"opt = Odd(net.parameters(), lr=.1); opt.step(); opt.param_groups[0]['lr'] = {kind}()\n"
        "opt.step()"
    )
    assert ran.errors == []
    assert ran.execution.optimizers[1].last_lr == "nan"


@pytest.mark.parametrize("kind", ["Cursed", "Silent"])
def test_live_objects_that_answer_nothing_are_left_alone(execute, kind):
    ran = execute(
        f"{TRAINED}\ntrain()\nodd, many = {kind}(), [{kind}(), {{'a': {kind}()}}]\n"
        f"globals()[3] = 4\nnet.odd = {kind}()",
        "import sys; sys.exit(odd)",
    )
    assert [cell.error_kind for cell in ran.execution.cells] == ["", "exit"]
    assert ran.execution.optimizers[0].steps == 2


def test_a_report_that_breaks_in_a_library_is_our_failure(execute, monkeypatch):
    monkeypatch.setattr(Run, "_findings", lambda *_args: __import__("json").loads("{"))
    ran = execute("x = 1")
    assert ran.header["state"] == "harness"


def test_an_error_that_is_its_own_cause_is_told(execute):
    ran = execute(
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise e from e", wall_seconds=9.0
    )
    assert [kind for _, kind, _ in ran.errors] == ["ZeroDivisionError"]


@pytest.mark.parametrize("kind", ["Cursed", "Silent"])
def test_errors_that_hold_such_objects_are_told(execute, kind):
    ran = execute(f"{TRAINED}\nraise FileNotFoundError({kind}(), {kind}(), {kind}())")
    assert [kind for _, kind, _ in ran.errors] == ["FileNotFoundError"]


def test_a_fault_that_cannot_be_shown_is_still_the_students(execute):
    ran = execute(
        files={"main.py": "class E(Exception):\n    def __str__(self): raise self\nraise E"}
    )
    assert ran.execution.cells[0].error == "(its message cannot be shown)"
