"""Files named as torch, json, numpy, sitecustomize and the probes, in their place."""

from tests.attacks.building import honest_copy


def make(folder):
    honest_copy(folder)
    evil = "raise SystemExit('shadowed')\n"
    for name in (
        "torch",
        "json",
        "numpy",
        "sitecustomize",
        "usercustomize",
        "matplotlib",
        "sklearn",
    ):
        (folder / f"{name}.py").write_text(evil)
    (folder / "inside" / "probes").mkdir(parents=True)
    for file in ("__init__.py", "worker.py", "step.py", "probes/__init__.py"):
        (folder / "inside" / file).write_text(evil)
    (folder / "evil.pth").write_text("import os; os._exit(0)\n")
