from pathlib import Path

from grader.sandbox import self_check


def test_what_only_the_host_has_is_looked_for():
    paths = self_check.host_only_paths([])
    package = Path(self_check.__file__).parents[1]
    assert {str(package / "score.py"), str(package.parent / "rubrics"), "/home"} <= set(paths)


def test_parents_of_the_environment_are_there_and_no_breach():
    """A Python at /home/ta/venv makes /home and /home/ta in the box, and nothing else of them."""
    paths = self_check.host_only_paths([Path("/home/ta/venv")])
    assert "/home" not in paths
    assert "/var" in paths


def test_with_a_gpu_the_box_has_sys(monkeypatch):
    monkeypatch.setattr(self_check, "gpu_devices", lambda: ("/dev/nvidia0",))
    assert "/sys" not in self_check.host_only_paths([])
    monkeypatch.setattr(self_check, "gpu_devices", tuple)
    assert "/sys" in self_check.host_only_paths([])
