import pytest

from grader.inside.execution import alarm


@pytest.fixture
def clocks(monkeypatch):
    now = {"wall": 100.0, "cpu": 5.0}
    monkeypatch.setattr(alarm, "monotonic", lambda: now["wall"])
    monkeypatch.setattr(alarm, "process_time", lambda: now["cpu"])

    def passes(wall, cpu):
        now["wall"] += wall
        now["cpu"] += cpu

    return passes


@pytest.mark.parametrize(
    ("wall", "cpu", "spent"),
    [
        (10, 10, 10),  # a machine of our own
        (10, 7, 7),  # a busy one
        (10, 1, 5),  # a very busy one, or code that sleeps: it ends some day
        (10, 40, 10),  # four threads
    ],
)
def test_time_counts_as_it_was_served(clocks, wall, cpu, spent):
    watch = alarm.Watch()
    clocks(wall, cpu)
    assert watch.spent == spent
