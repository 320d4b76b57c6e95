from concurrent.futures import ThreadPoolExecutor

from grader.rubric.expected import Expected

SLOW = """
import time

time.sleep(0.2)


def double(x):
    return 2 * x
"""


def test_threads_that_look_at_once_all_find_the_functions(tmp_path):
    (tmp_path / "expected.py").write_text(SLOW)
    expected = Expected(tmp_path / "expected.py")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: "double" in expected, range(8)))
    assert all(found)
    assert expected["double"](3) == 6
