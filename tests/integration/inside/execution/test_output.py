"""Whatever code puts in place of `sys.stdout`, what it prints is seen."""

import pytest


@pytest.mark.parametrize(
    "lines",
    [
        "sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8'); print('x')",
        "sys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding='utf-8'); print('x')",
        "sys.stdout = codecs.getwriter('utf-8')(sys.stdout.detach()); print('x')",
        "sys.stderr = io.BufferedWriter(sys.stderr.buffer); _ = sys.stderr.write(b'x\\n')",
        "faulthandler.enable(); print('x')",
        "subprocess.run(['true'], stdout=sys.stdout, stderr=sys.stderr, check=True); print('x')",
    ],
)
def test_what_is_printed_is_seen(execute, lines):
    ran = execute(f"import codecs, faulthandler, io, subprocess, sys\n{lines}", "print('y')")
    assert ran.errors == []
    assert [cell.output for cell in ran.execution.cells] == ["x\n", "y\n"]


def test_an_end_that_never_comes_is_the_codes(execute):
    ran = execute(
        "import sys\nclass Slow:\n    def write(self, text): pass\n    def flush(self):\n"
        "        while True: pass\nsys.stderr = Slow()",
        wall_seconds=2.0,
    )
    assert ran.execution.ended_by == "wall_clock"
