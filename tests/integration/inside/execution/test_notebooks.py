"""Notebooks run as in Jupyter: restart, run all, stop at the first error."""

import pytest


def test_cells_run_in_order_in_one_namespace(execute):
    ran = execute("x = 20\nprint('hello')", "x + 1", "", "print(x * 2)")
    assert [(c.cell, c.status, c.output) for c in ran.execution.cells] == [
        (1, "ok", "hello\n"),
        (2, "ok", "21\n"),
        (3, "ok", ""),
        (4, "ok", "40\n"),
    ]
    assert ran.execution.finished
    assert ran.execution.ended_by == "end"
    assert ran.execution.entry == "hw.ipynb"


def test_stored_outputs_are_neither_run_nor_reported(execute):
    assert "STORED OUTPUT" not in execute("x = 1").output


def test_cells_are_counted_over_markdown_too(execute):
    import json

    cells = [
        {"cell_type": "markdown", "source": "# Title", "metadata": {}},
        {"cell_type": "code", "source": ["1/0\n"], "metadata": {}, "outputs": []},
    ]
    whole = {"cells": cells, "metadata": {"kernelspec": {"name": "conda-me"}}, "nbformat": 4}
    ran = execute(files={"hw.ipynb": json.dumps({**whole, "nbformat_minor": 0})})
    assert ran.execution.first_error_cell == 2


def test_a_notebook_goes_on_after_an_error_and_names_the_first(execute):
    ran = execute("def f():\n    return 1 / 0", "x = 1\nf()", "print('later', x)", "print(y)")
    cells = ran.execution.cells
    assert [c.status for c in cells] == ["ok", "error", "ok", "error"]
    assert (cells[1].error_kind, cells[1].line) == ("ZeroDivisionError", 2)
    assert cells[1].error == "division by zero (raised in hw.ipynb, cell 1, line 2)"
    assert ran.execution.finished
    assert ran.execution.ended_by == "end"
    assert ran.execution.first_error_cell == 2
    assert "later 1" in ran.output


def test_a_cell_that_announces_its_error_does_not_stop_the_run(execute):
    import json

    cells = [
        {"cell_type": "code", "source": "1/0", "metadata": {"tags": ["raises-exception"]}},
        {"cell_type": "code", "source": "print('on')", "metadata": {}},
    ]
    ran = execute(files={"hw.ipynb": json.dumps({"cells": cells, "nbformat": 4})})
    assert ran.execution.finished


def test_a_syntax_error_names_its_line(execute):
    ran = execute("x = 1", "y = 2\nfor i in range(3) print(i)")
    cell = ran.execution.cells[1]
    assert (cell.status, cell.error_kind, cell.line) == ("error", "SyntaxError", 2)


def test_a_name_that_was_never_made_gets_a_hint(execute):
    ran = execute("print(model)")
    assert ran.execution.cells[0].error_kind == "NameError"
    assert "Restart and run all" in ran.remark("execute.NameError").message


@pytest.mark.parametrize("leave", ["import sys; sys.exit()", "exit()", "quit()", "sys.exit(1)"])
def test_leaving_ends_a_notebook(execute, leave):
    ran = execute("import sys", leave, "print('never')")
    assert ran.execution.cells[1].error_kind == "exit"
    assert ran.execution.cells[2].status == "skipped"


def test_classes_live_in_main_so_that_nets_pickle(execute):
    ran = execute(
        "import torch\nclass Net(torch.nn.Linear): pass",
        "torch.save(Net(2, 2), 'net.model')\nprint(type(torch.load('net.model')).__module__)",
    )
    assert ran.output == "__main__\n"


def test_a_file_written_by_the_run_lies_in_the_scratch_space(execute):
    ran = execute("open('out.txt', 'w').write('x')\nimport os\nprint(open('in.txt').read())",
                  files={"in.txt": "given"})  # fmt: skip
    assert "given" in ran.output
    assert (ran.scratch / "work" / "out.txt").read_text() == "x"
    assert not (ran.scratch.parent / "submission" / "out.txt").exists()


def test_nobody_answers_input(execute):
    ran = execute("name = input('name?')")
    assert ran.execution.cells[0].error_kind == "EOFError"


def test_an_exception_that_cannot_be_shown_is_reported_all_the_same(execute):
    ran = execute("class E(Exception):\n    def __str__(self): raise RuntimeError\nraise E")
    assert ran.execution.cells[0].error_kind == "E"


def test_replaced_builtins_do_not_blind_the_run(execute):
    ran = execute(
        "import sys, time, builtins, signal, io\n"
        "builtins.open = None; time.time = None; time.monotonic = None\n"
        "sys.stdout = io.StringIO()\n"
        "builtins.print = None; signal.setitimer = None; sys._getframe = None",
        "x = [i for i in range(3)]\nfor i in x: pass",
        "1/0",
    )
    assert [c.status for c in ran.execution.cells] == ["ok", "ok", "error"]


def test_top_level_await_works_as_in_jupyter(execute):
    ran = execute("import asyncio\nasync def f(): return 7", "print(await f())")
    assert ran.output == "7\n"


def test_the_live_namespace_is_the_students(execute):
    request = {"probe": "bind_roles", "params": {"roles": []}}
    ran = execute("x = 1", requests=[request])
    assert ran.answers[0]["state"] == "measured"


def test_an_unreadable_notebook_is_a_fault_with_its_place(execute):
    ran = execute(files={"hw.ipynb": "{broken"})
    assert ran.header["state"] == "student_fault"
    assert ran.header["fault"]["kind"] == "unreadable"
    assert ran.header["fault"]["place"]["file"] == "hw.ipynb"


def test_nothing_to_run_is_a_fault(execute):
    ran = execute(files={"readme.txt": "hello"})
    assert ran.header["fault"]["kind"] == "nothing_to_run"
