"""Scripts run as `python script.py`: a real `__main__`, modules beside it."""

from pathlib import Path

NET = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(4, 2)
    def forward(self, x):
        return self.fc(x)
"""

TRAIN = """
import sys
import torch
from model import Net
from helpers.loop import fit

class Wrapped(Net):
    pass

if __name__ == "__main__":
    net = Wrapped()
    epochs = fit(net, epochs=1000)
    torch.save(net, "net.model")
    print("epochs", epochs, type(torch.load("net.model")).__module__, len(sys.argv))
"""

LOOP = """
import torch
def fit(net, epochs):
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    done = 0
    for epoch in range(epochs):
        for batch in range(10):
            loss = net(torch.ones(1, 4)).pow(2).sum()
            opt.zero_grad()
            loss.backward()
            opt.step()
        done += 1
    return done
"""


def test_a_script_with_modules_trains_under_the_budget(execute):
    files = {"train.py": TRAIN, "model.py": NET, "helpers/__init__.py": "", "helpers/loop.py": LOOP}
    ran = execute(files=files)
    assert ran.execution.entry == "train.py"
    assert ran.output == "epochs 4 __main__ 1\n"
    assert ran.execution.optimizer_steps == 40
    assert ran.execution.budget_ended_training
    assert ran.remark("budget.ended").place.file == "helpers/loop.py"
    (series,) = ran.execution.losses
    assert (series.place.file, series.place.line, len(series.values)) == ("helpers/loop.py", 10, 40)
    assert [(c.cell, c.status) for c in ran.execution.cells] == [(0, "ok")]


def test_an_error_in_a_module_names_it(execute):
    ran = execute(
        files={"main.py": "import lib\n\nlib.f()\n", "lib.py": "def f():\n    return 1/0\n"}
    )
    (cell,) = ran.execution.cells
    assert cell.line == 3
    assert cell.error == "division by zero (raised in lib.py, line 2)"


def test_leaving_with_success_is_no_error(execute):
    for code, status in (("0", "ok"), ("", "ok"), ("2", "error"), ("'no data'", "error")):
        ran = execute(files={"main.py": f"import sys\nsys.exit({code})\n"})
        assert [c.status for c in ran.execution.cells] == [status]


def test_stored_bytecode_is_never_run(execute, tmp_path):
    import py_compile

    source = tmp_path / "lib.py"
    source.write_text("print('stale')\n")
    stale = py_compile.compile(str(source), cfile=str(tmp_path / "lib.pyc"))
    data = Path(stale).read_bytes()
    files = {
        "main.py": "import lib\n",
        "lib.py": "print('fresh')\n",
        "__pycache__/lib.cpython-311.pyc": data,
    }
    assert execute(files=files).output == "fresh\n"


def test_a_script_reads_beside_itself_and_knows_its_file(execute):
    script = (
        "import os\nhere = os.path.dirname(os.path.abspath(__file__))\n"
        "print(open(os.path.join(here, 'a.txt')).read())\n"
    )
    assert execute(files={"src/main.py": script, "src/a.txt": "A"}).output == "A\n"


def test_an_exported_notebook_runs_without_ipython(execute):
    script = (
        "# In[1]:\nget_ipython().system('pip install x')\n"
        "get_ipython().run_line_magic('matplotlib', 'inline')\nprint('on')\n"
    )
    ran = execute(files={"hw.py": script})
    assert ran.output == "on\n"
    assert "shim.ipython" in ran.codes


def test_inspect_finds_the_students_source(execute):
    ran = execute(
        files={"main.py": "import inspect\ndef f():\n    return 7\nprint(inspect.getsource(f))\n"}
    )
    assert "return 7" in ran.output


def test_a_long_sum_is_compiled(execute):
    total = " + ".join(["x"] * 600)
    ran = execute(files={"main.py": f"x = 1\nprint({total})"})
    assert ran.output == "600\n", ran.errors
