"""Figures are captured once each, at their fullest: structure and pixels."""

import numpy as np

from grader.collect.probes import array_rules
from grader.inside.execution.figures import HEIGHT, WIDTH
from grader.model.evidence import ProbeRequest

START = "import numpy as np\nimport matplotlib.pyplot as plt\n"


def test_structure_and_pixels_of_a_shown_figure(execute):
    ran = execute(
        START + "fig, (a, b) = plt.subplots(1, 2, figsize=(6, 3))\nfig.suptitle('Learning')\n"
        "a.plot([0, 1, 2], [3.0, float('nan'), 1.0], label='train')\na.plot([4, 5], label='val')\n"
        "a.set_xlabel('epoch'); a.set_ylabel('loss'); a.legend(); a.hlines([1, 2], 0, 2)\n"
        "b.imshow(np.eye(4)); b.set_title('filters')\n"
        "b.bar([1, 2], [3, 4]); b.scatter([1, 2], [1, 2])\n"
        "plt.show()"
    )
    (figure,) = ran.execution.figures
    assert (figure.cell, figure.saved_as, figure.has_image) == (1, "", True)
    first, second = figure.axes
    assert (first.title, first.x_label, first.y_label) == ("Learning", "epoch", "loss")
    assert first.legend == ("train", "val")
    assert (first.lines[0].label, first.lines[0].y) == ("train", (3.0, "nan", 1.0))
    assert [line.y for line in first.lines[2:]] == [(1.0, 1.0), (2.0, 2.0)]
    assert (second.title, second.images, second.bars, second.points) == ("filters", 1, 2, 2)
    pixels = ran.arrays["figure_0"]
    assert pixels.shape == (300, 600, 3)
    assert pixels.dtype == np.uint8
    assert len(np.unique(pixels)) > 10


def test_a_figure_saved_shown_and_left_open_is_one_figure(execute):
    ran = execute(
        START + "plt.plot([1, 2])\nplt.savefig('a.png')\nplt.plot([2, 1])\nplt.legend(['a', 'b'])\n"
        "plt.show()"
    )
    (figure,) = ran.execution.figures
    assert figure.saved_as == "a.png"
    assert len(figure.axes[0].lines) == 2
    assert figure.axes[0].legend == ("a", "b")
    assert (ran.scratch / "work" / "a.png").read_bytes()[1:4] == b"PNG"


def test_open_figures_belong_to_their_cell_and_do_not_leak_into_the_next(execute):
    ran = execute(START + "plt.plot([1, 2])", "plt.plot([3, 4])", "x = 1")
    figures = ran.execution.figures
    assert [f.cell for f in figures] == [1, 2]
    assert [len(f.axes[0].lines) for f in figures] == [1, 1]


def test_closed_and_cleared_figures_that_were_saved_are_kept(execute):
    ran = execute(
        START + "for i in range(3):\n    plt.plot(range(i + 2))\n    plt.savefig(f'{i}.pdf')\n"
        "    plt.clf()\nplt.close('all')\nplt.figure()\nplt.plot([1]); plt.close()"
    )
    assert [f.saved_as for f in ran.execution.figures] == ["0.pdf", "1.pdf", "2.pdf"]
    assert [len(f.axes[0].lines[0].y) for f in ran.execution.figures] == [2, 3, 4]


def test_many_and_large_figures_are_bounded(execute):
    ran = execute(
        START + "for i in range(80):\n    plt.figure(figsize=(40, 40))\n"
        "    plt.plot(np.arange(50000))\n    plt.close() if i > 70 else plt.show()"
    )
    figures = ran.execution.figures
    assert len(figures) == 64
    assert sum(f.has_image for f in figures) == len(ran.arrays) <= 24
    assert sum(a.nbytes for a in ran.arrays.values()) <= 16 * 1024**2
    assert all(a.shape[0] <= 800 and a.shape[1] <= 1000 for a in ran.arrays.values())
    lines = [line for f in figures for axes in f.axes for line in axes.lines]
    assert sum(len(line.x) for line in lines) <= 60_000
    assert (lines[0].x[0], lines[0].x[-1]) == (0.0, 49999.0)


def test_a_script_that_never_shows_has_its_figures_captured(execute):
    ran = execute(files={"main.py": START + "plt.plot([1, 2]); plt.title('T')\n"})
    (figure,) = ran.execution.figures
    assert (figure.cell, figure.axes[0].title) == (None, "T")


def test_a_figure_open_when_the_cell_fails_is_captured(execute):
    ran = execute(START + "plt.plot([1, 2])\n1/0")
    assert ran.execution.cells[0].status == "error"
    assert len(ran.execution.figures) == 1


def test_matplotlib_backends_do_not_matter(execute):
    ran = execute(
        "import matplotlib\nmatplotlib.use('TkAgg')\n%matplotlib notebook\n" + START,
        "plt.switch_backend('qt5agg'); plt.ion()\n"
        "fig = plt.figure(); plt.plot([1]); fig.show(); plt.pause(9)",
    )
    assert ran.execution.finished, ran.errors
    assert len(ran.execution.figures) == 1


def test_dates_and_categories_become_numbers(execute):
    ran = execute(START + "plt.plot(['a', 'b', 'c'], [1, 2, 3])\nplt.bar(['x', 'y'], [1, 2])")
    assert ran.execution.figures[0].axes[0].lines[0].x == (0.0, 1.0, 2.0)


def test_a_small_figure_after_many_large_ones_is_admitted(execute):
    ran = execute(
        START
        + "for i in range(36):\n    plt.figure(figsize=(12, 5)); plt.plot([i])\n    plt.show()"
        "\nplt.figure(figsize=(4, 3)); plt.plot([1])\nplt.show()"
    )
    assert ran.execution.figures[36].has_image
    rules = array_rules(ProbeRequest(probe="execute", params={}), {})
    assert set(ran.arrays) <= set(rules)
    most = max(HEIGHT * WIDTH * 3, *(array.size for array in ran.arrays.values()))
    assert most <= rules["figure_63"].most
