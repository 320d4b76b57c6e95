"""Wrapped loops mean what they meant, keep their lines, and can be ended."""

import ast
import itertools
import traceback

import pytest

from grader.inside.execution.budget import Budget
from grader.inside.execution.transform import LOOP, TICKS, transform


def run(source, **names):
    """Run source as it is and wrapped; both must leave the same names behind."""
    plain = dict(names)
    exec(compile(source, "s.py", "exec"), plain)
    wrapped = run_wrapped(source, **names)
    keep = {k for k, v in plain.items() if not k.startswith("__") and not callable(v)}
    assert {k: plain[k] for k in keep} == {k: wrapped.get(k) for k in keep}
    return wrapped


def run_wrapped(source, budget=None, **names):
    budget = budget or armed()
    space = {**names, LOOP: budget.loop, TICKS: budget.ticks}
    exec(compile(transform(ast.parse(source), "s.py"), "s.py", "exec"), space)
    return space


def armed(steps=10**9, seconds=10**9):
    budget = Budget(steps, seconds)
    budget.armed = True
    return budget


@pytest.mark.parametrize(
    "source",
    [
        "out = []\nfor i in range(3):\n    out.append(i)",
        "out = []\nfor i, (a, b) in enumerate([(1, 2), (3, 4)]):\n    out.append(i + a * b)",
        (
            "out = []\nfor i in range(5):\n    if i == 1: continue\n    if i == 3: break\n"
            "    out.append(i)"
            "\nelse:\n    out.append('else')"
        ),
        "out = []\nfor i in []:\n    pass\nelse:\n    out.append('else')",
        "n = 0\nwhile n < 4:\n    n += 1",
        (
            "n = 0\nout = []\nwhile n < 4:\n    n += 1\n    if n == 2: continue\n"
            "    out.append(n)\nelse:\n"
            "    out.append('else')"
        ),
        (
            "n = 0\nout = []\nwhile True:\n    n += 1\n    if n > 3: break\nelse:\n"
            "    out.append('else')"
        ),
        (
            "out = []\nfor i in range(3):\n    while True:\n        break\n    else:\n"
            "        continue\n"
            "    out.append(i)"
        ),
        (
            "out = []\nfor i in range(3):\n    n = 0\n    while n < 1:\n        n += 1\n    else:\n"
            "        break\n    out.append(i)"
        ),
        "def f(n):\n    while (m := n - 1) > 0:\n        n = m\n    return n\nout = f(5)",
        "def g():\n    for i in range(3):\n        got = yield i\nout = list(g())",
        (
            "def g():\n    n = 0\n    while True:\n        yield n\n        n += 1\nit = g()\n"
            "out = [next(it) for _ in range(3)]\ndel it"
        ),
        "class A:\n    total = 0\n    for k in (1, 2):\n        total += k\nout = A.total",
        (
            "class A:\n    def f(self):\n        n = 3\n        while n:\n"
            "            n -= 1\n        return n\n"
            "out = A().f()"
        ),
        "out = [i for i in range(3) for j in range(i)]",
        (
            "def f():\n    for i in range(9):\n        try:\n            return i\n"
            "        finally:\n"
            "            pass\nout = f()"
        ),
    ],
)
def test_wrapping_changes_no_result(source):
    assert {"n", "out"} & run(source).keys(), "run() compared what both left behind"


def test_lines_of_a_traceback_stay_true():
    source = "x = 1\n\nfor i in range(3):\n    x += 1\n    if i == 2:\n        y = 1 / 0\n"
    with pytest.raises(ZeroDivisionError) as caught:
        run_wrapped(source)
    lines = [f.lineno for f in traceback.extract_tb(caught.tb) if f.filename == "s.py"]
    assert lines == [6]


def test_an_error_in_the_iterable_or_the_test_is_at_its_own_line():
    for source, line in (("\n\nfor i in 5:\n    pass", 3), ("n = 0\nwhile 1 / n:\n    pass", 2)):
        with pytest.raises((TypeError, ZeroDivisionError)) as caught:
            run_wrapped(source)
        lines = [f.lineno for f in traceback.extract_tb(caught.tb) if f.filename == "s.py"]
        assert lines == [line]


TRAINING = """
epochs = 0
batches = []
for e in range(1000):
    count = 0
    for b in range(16):
        step("opt")
        count += 1
    batches.append(count)
    epochs += 1
"""


def test_the_epoch_in_progress_is_finished_and_then_training_ends():
    budget = armed(steps=40)
    space = run_wrapped(TRAINING, budget, step=budget.step)
    assert space["batches"] == [16, 16, 8]
    assert budget.anything_cut
    assert sorted(place.split(":")[1] for place in budget.cuts) == ["4", "6"]


def test_each_optimizer_has_its_own_budget_and_the_loop_over_models_goes_on():
    source = (
        "done = []\nfor model in ['mlp', 'cnn', 'vgg']:\n    for e in range(100):\n"
        "        for b in range(8):\n            step(model)\n    done.append((model, e))\n"
    )
    budget = armed(steps=20)
    space = run_wrapped(source, budget, step=budget.step)
    assert space["done"] == [("mlp", 2), ("cnn", 2), ("vgg", 2)]


def test_a_budget_spent_in_the_first_epoch_gives_a_second_short_one():
    budget = armed(steps=10)
    space = run_wrapped(TRAINING, budget, step=budget.step)
    assert space["batches"] == [10, 1]


def test_train_and_validation_phases_in_one_loop_end_together():
    source = (
        "seen = []\nfor e in range(50):\n    for phase in ('train', 'val'):\n"
        "        for b in range(5):\n            if phase == 'train': step('opt')\n"
        "        seen.append((e, phase))\n"
    )
    budget = armed(steps=12)
    space = run_wrapped(source, budget, step=budget.step)
    assert space["seen"] == [(e, p) for e in range(3) for p in ("train", "val")]


def test_a_step_by_hand_ends_two_loops_and_not_the_one_over_settings():
    source = (
        "done = []\nfor lr in (1, 2, 3):\n    for e in range(100):\n        for b in range(4):\n"
        "            step('line 5', reach=2)\n    done.append(lr)\n"
    )
    budget = armed(steps=10)
    space = run_wrapped(source, budget, step=budget.step)
    assert space["done"] == [1, 2, 3]
    assert budget.cuts


def test_loops_that_train_nothing_run_to_their_end():
    source = TRAINING + "walked = 0\nfor x in range(5000):\n    walked += 1\n"
    budget = armed(steps=10)
    space = run_wrapped(source, budget, step=budget.step)
    assert space["walked"] == 5000


def test_an_endless_training_loop_ends():
    budget = armed(steps=25)
    space = run_wrapped(
        "n = 0\nwhile True:\n    step('opt')\n    n += 1\n", budget, step=budget.step
    )
    assert space["n"] == 25


def test_a_generator_that_feeds_training_is_not_ended():
    source = (
        "def forever():\n    while True:\n        yield 1\ndata = forever()\n"
        "for i in range(100):\n    next(data)\n    step('opt')\nafter = next(data)\n"
    )
    budget = armed(steps=5)
    space = run_wrapped(source, budget, step=budget.step)
    assert (space["i"], space["after"]) == (4, 1)


def test_when_the_cell_is_late_training_ends_after_two_iterations():
    budget = armed()
    budget.overtime()
    space = run_wrapped(TRAINING, budget, step=budget.step)
    assert space["batches"] == [2, 1]


def test_a_long_numpy_training_ends_when_the_cell_is_late():
    budget = armed(seconds=0.0)
    source = "n = 0\nfor e in range(1000):\n    n += 1\n    if e == 3: late()\n"
    assert run_wrapped(source, budget, late=budget.overtime)["n"] == 4


def test_a_short_walk_does_not_end_when_the_cell_is_late():
    budget = armed(seconds=1000.0)
    source = "n = 0\nfor e in range(1000):\n    n += 1\n    if e == 3: late()\n"
    assert run_wrapped(source, budget, late=budget.overtime)["n"] == 1000


def test_an_unarmed_budget_ends_nothing():
    budget = Budget(1, 1.0)
    assert run_wrapped(TRAINING, budget, step=budget.step)["epochs"] == 1000


def test_loops_left_by_break_or_error_are_forgotten():
    budget = armed()
    source = (
        "for i in range(3):\n    break\nfor i in range(3):\n    try:\n"
        "        for j in range(3): 1 / 0\n"
        "    except ZeroDivisionError:\n        pass\n"
    )
    run_wrapped(source, budget)
    assert budget._active == []


def test_wrapped_iteration_is_lazy():
    budget = armed()
    source = "out = []\nfor i in endless:\n    out.append(i)\n    if i == 4: break\n"
    assert run_wrapped(source, budget, endless=itertools.count())["out"] == [0, 1, 2, 3, 4]


def test_a_comprehension_over_epochs_ends_too():
    source = (
        "def epoch():\n    for b in range(4): step('opt')\n    return 1\n"
        "curve = [epoch() for e in range(1000)]\nwalked = {i: i for i in range(500)}\n"
        "once = sum(i for i in range(500))\n"
    )
    budget = armed(steps=10)
    space = run_wrapped(source, budget, step=budget.step)
    assert (len(space["curve"]), len(space["walked"])) == (3, 500)


def test_a_loop_over_a_few_settings_is_never_ended_by_the_clock():
    budget = armed(seconds=0.0)
    source = (
        "seen = {}\nfor rate in (0.01, 0.1, 1):\n    late()\n    late()\n    seen[rate] = []\n"
        "    for epoch in range(1000):\n        seen[rate].append(epoch)\n        late()\n"
    )
    space = run_wrapped(source, budget, late=budget.overtime)
    # each training ends by itself, in its second iteration, so that a curve has two points
    assert space["seen"] == {0.01: [0, 1], 0.1: [0, 1], 1: [0, 1]}


def test_a_loop_in_a_thread_or_after_the_run_leaves_its_generator_open():
    source = "g = (i for i in range(9))\nfor a in g:\n    break\nb = next(g)"
    assert run_wrapped(source, Budget(10**9, 10**9))["b"] == 1
