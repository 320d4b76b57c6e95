"""Magics as IPython does them; what needs a network or a system is left out with a remark."""


def test_magics_that_wrap_python_run_it_once(execute):
    ran = execute(
        "%%time\nn = 1\nfor i in range(3):\n    n += i",
        "%time m = n + 1",
        "%%timeit\nn += 1",
        "%timeit n += 1",
        "%%capture out\nprint('hidden')",
        "print(n, m, out.stdout)",
    )
    assert ran.output == "6 5 hidden\n\n"
    assert ran.codes == []


def test_commands_and_magics_are_timed(execute):
    ran = execute(
        "%time !ls given",
        "%time x = !ls given\nprint(x)",
        "%time %cd given",
        "%timeit -n 1 1",
        files={"given/a.txt": ""},
    )
    assert ran.errors == []
    assert ran.output.startswith("a.txt\n['a.txt']\n")


def test_pylab_gives_its_names(execute):
    ran = execute("%pylab inline", "plot(np.arange(3)); show()")
    assert ran.errors == []
    assert len(ran.execution.figures) == 1


def test_an_error_under_a_magic_has_its_true_line(execute):
    ran = execute("%%time\nx = 1\nfor i in range(3):\n    1 / 0")
    assert (ran.execution.cells[0].error_kind, ran.execution.cells[0].line) == (
        "ZeroDivisionError",
        4,
    )


def test_installing_is_left_out(execute):
    ran = execute(
        "!pip install torch\n%pip install numpy\nprint(1)",
        "pip install x",
        "import os\npip install torchsummary\nprint(2)",
        "!apt-get install graphviz",
    )
    assert ran.execution.finished
    assert ran.output == "1\n2\n"
    places = [str(r.place) for r in ran.remarks if r.code == "shim.install"]
    assert places == [
        "hw.ipynb, cell 1, line 1",
        "hw.ipynb, cell 1, line 2",
        "hw.ipynb, cell 2, line 1",
        "hw.ipynb, cell 3, line 2",
        "hw.ipynb, cell 4, line 1",
    ]


def test_shell_lines_are_left_out_but_for_file_tools(execute):
    ran = execute(
        "!wget http://example.org/x.zip\n!nvidia-smi",
        "!mkdir -p out/deep\nimport os\nprint(os.path.isdir('out/deep'))",
        "files = !ls given\nprint(files)",
        files={"given/a.txt": "", "given/b.txt": ""},
    )
    assert ran.output == "True\n['a.txt', 'b.txt']\n"
    assert ran.codes.count("shim.shell") == 2


def test_unknown_magics_are_a_remark(execute):
    ran = execute("%nonsense 1\nprint('on')", "%%nonsense\nwhatever", "%load_ext tensorboard")
    assert ran.execution.finished
    assert ran.output == "on\n"
    assert ran.codes.count("magic.unknown") == 2


def test_other_languages_are_left_out(execute):
    ran = execute("%%bash\nexit 1", "%%html\n<b>x</b>", "print('on')")
    assert ran.output == "on\n"
    assert ran.codes == ["magic.left_out", "magic.left_out"]


def test_written_modules_can_be_imported(execute):
    ran = execute(
        "%%writefile net.py\nSIZE = 3\nfor i in range(2): SIZE += 1", "import net\nprint(net.SIZE)"
    )
    assert "5" in ran.output


def test_run_of_another_notebook_shares_the_names(execute, as_notebook):
    ran = execute(
        "%run other.ipynb\nprint(y)",
        "%run other",
        files={"other.ipynb": as_notebook("y = 5"), "zzz.txt": ""},
    )
    assert ran.output == "5\n"
    assert ran.execution.finished


def test_run_of_a_script_shares_the_names_and_gets_arguments(execute):
    ran = execute(
        "def f(): pass\ndef g(): pass",
        "%run tool.py --epochs 3\nprint(args)",
        "!python tool.py a",
        "import sys\nprint(len(sys.argv))",
        files={"tool.py": "import sys\nif __name__ == '__main__':\n    args = sys.argv[1:]\n"},
    )
    assert ran.output == "['--epochs', '3']\n1\n"


def test_an_error_in_a_run_file_stops_the_cell_and_names_the_file(execute):
    ran = execute("x = 1", "%run tool.py", files={"tool.py": "x = 1\n\n1/0\n"})
    cell = ran.execution.cells[1]
    assert cell.error == "division by zero (raised in tool.py, line 3)"
    assert cell.line == 1


def test_a_run_file_that_is_missing_is_an_error(execute):
    ran = execute("%run missing.ipynb")
    assert ran.execution.cells[0].error_kind == "FileNotFoundError"


def test_training_in_a_run_file_is_under_the_budget(execute):
    script = (
        "import torch\nw = torch.zeros(1, requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.1)\n"
        "n = 0\nwhile True:\n    opt.zero_grad(); (w ** 2).sum().backward(); opt.step(); n += 1\n"
    )
    ran = execute("def f(): pass", "%run tool.py\nprint(n)", files={"tool.py": script})
    assert ran.output == "40\n"


def test_changing_folders(execute):
    ran = execute(
        "%cd data\nprint(open('a.txt').read())",
        "cd /content/drive/MyDrive/hw1",
        "import os\nprint(os.path.basename(os.getcwd()))",
        files={"data/a.txt": "inside"},
    )
    assert ran.execution.finished
    assert "inside" in ran.output
    assert ran.output.endswith("data\n")
