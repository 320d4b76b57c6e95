"""The threat model names every attack of the suite, in the words of the attack itself."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_attack_is_in_the_threat_model_and_no_other():
    rows = dict(
        re.findall(
            r"^\| `([a-z-]+)` \| (.+) \|$",
            (ROOT / "docs/threat-model.md").read_text(),
            re.MULTILINE,
        )
    )
    attacks = {
        file.parent.name: tomllib.loads(file.read_text())["description"]
        for file in (ROOT / "tests/attacks").glob("*/expect.toml")
    }
    assert rows == attacks
