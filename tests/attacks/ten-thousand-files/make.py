"""More files than anybody reads."""

from tests.attacks.building import honest_copy


def make(folder):
    honest_copy(folder)
    many = folder / "many"
    many.mkdir()
    for number in range(12_000):
        (many / f"{number}.py").write_text("x = 1\n")
