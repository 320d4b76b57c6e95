"""New lines, quotes, control characters, dashes, dots and right-to-left marks in file names."""

from tests.attacks.building import honest_copy


def make(folder):
    honest_copy(folder)
    for name in (
        "a\nb.py",
        "-rf",
        "--help",
        "$(id).py",
        "`id`",
        "a;b|c&d",
        "'quote\".py",
        "\u202egnp.exe",
        "..\\..\\up.py",
        "con.ipynb",
        "tab\t.txt",
        " .py",
        "\x7f",
        "é" * 60,
        ".hidden",
        "...",
        "~",
    ):
        (folder / name).write_text("print(1)\n")
    (folder / b"\xff\xfe.bin".decode("utf-8", "surrogateescape")).write_text("x")
