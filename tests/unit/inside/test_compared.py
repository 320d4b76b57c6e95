"""Whether what a cell draws was chosen by comparing."""

import ast
from types import SimpleNamespace

import pytest

from grader.inside.execution.compared import compares

BEFORE = """
data = load()
guesses = net(data)
wrong = [i for i in range(9) if guesses[i] != labels[i]]
first = list(range(9))
found = []
for i in range(9):
    if guesses[i] != labels[i]:
        found.append(i)
def errors(net):
    return [i for i in rows if net(i).ne(labels[i]).any()]
def accuracy(net):
    data = list(net)
    return sum(a == b for a, b in net)
"""


def judged(code, cell=2):
    chunks = [
        SimpleNamespace(file="hw.ipynb", cell=number, tree=ast.parse(text))
        for number, text in enumerate((BEFORE, code, "print(a == b)"), start=1)
    ]
    return compares(chunks, "hw.ipynb", cell)


@pytest.mark.parametrize(
    "code",
    [
        "for i in data:\n    if net(i) != label: plt.imshow(i)",
        "plt.imshow(data[wrong[0]])",
        "for i in found: plt.imshow(i)",
        "for i in errors(net): plt.imshow(i)",
        "few = wrong[:5]\nplt.imshow(data[few[0]])",
        "rows = torch.ne(guess, label).nonzero()",
        "rows = (guess == label).logical_not()",
    ],
)
def test_a_choice_by_comparing(code):
    assert judged(code)


@pytest.mark.parametrize(
    "code",
    [
        "for i in range(6): plt.imshow(data[i])",
        "for i in first: plt.imshow(data[i])",
        "for i, x in enumerate(data):\n    plt.imshow(x)\n    if i == 5: break",
        "if __name__ == '__main__': plt.imshow(data[0])",
        "plt.imshow(data[0])\nassert len(data) > 3",
    ],
)
def test_no_choice(code):
    assert not judged(code)


def test_other_cells_and_whole_scripts():
    assert judged("plt.imshow(data[0])", cell=3)
    script = [SimpleNamespace(file="main.py", cell=None, tree=ast.parse("a != b"))]
    assert compares(script, "main.py", None)
    assert compares(script, "main.py", 0)
    assert not compares(script, "other.py", None)
    broken = [SimpleNamespace(file="main.py", cell=None, tree=None)]
    assert not compares(broken, "main.py", None)
