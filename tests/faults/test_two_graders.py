"""Two graders on one output folder: the second is refused and told why, and nothing is harmed."""

from __future__ import annotations

import os
import re
import threading

from grader.pipeline.folder import claimed
from tests.faults.course import pieces


def test_the_second_is_refused_before_it_runs_anything(here):
    with claimed(here.out):
        before = pieces(here.out)
        refused = here()
        assert refused.status == 2
        assert refused.boxes == 0
        assert f"another `grade` is grading into this folder (process {os.getpid()})" in (
            refused.text
        )
        assert "--out" in refused.text
        assert pieces(here.out) == before
    assert here().status == 0


def test_the_first_goes_on_undisturbed(here, grader):
    """The second comes, in a process of its own, while the first is measuring."""
    undisturbed = here.out.with_name("undisturbed")
    assert here(out=undisturbed).status == 0
    seen = []

    def second(request):
        if not seen and request["params"].get("n") == 2:
            seen.append(grader(here.submissions, here.out))

    here.sandbox.scripted = second
    first = here()
    assert first.status == 0
    assert seen[0]["status"] == 2
    assert re.search(r"another `grade` is grading .*\n *mend: wait", seen[0]["said"])
    assert here.cards() == here.cards(undisturbed)


def test_a_killed_grader_holds_nothing(here, grader):
    stopped = grader(here.submissions, here.out, kill_at=60)
    assert stopped["status"] == -9
    assert here().status == 0


def test_what_a_killed_run_left_half_written_is_cleared_away(here):
    (here.out / "evidence" / "arrays").mkdir(parents=True)
    left = here.out / "evidence" / "arrays" / ".writing-x"
    left.write_bytes(b"half")
    assert here().status == 0
    assert not left.exists()


def test_different_folders_do_not_wait_for_each_other(here):
    done = []
    with claimed(here.out):
        thread = threading.Thread(target=lambda: done.append(_claim(here.out.with_name("other"))))
        thread.start()
        thread.join(20)
    assert done == [True]


def _claim(out):
    with claimed(out):
        return True
