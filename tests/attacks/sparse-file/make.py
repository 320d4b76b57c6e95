"""A file that says it is a terabyte and takes no room."""

from tests.attacks.building import honest_copy


def make(folder):
    honest_copy(folder)
    with (folder / "classifier_mlp.model").open("r+b") as file:
        file.truncate(1 << 40)
