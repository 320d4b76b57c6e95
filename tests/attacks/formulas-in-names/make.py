"""Formulas and commands for a spreadsheet as the team, the students and the submission's name."""

from tests.attacks.building import honest_copy


def make(folder):
    honest_copy(folder)
    (folder / "grade.toml").write_text(
        'team = "=cmd|\' /C calc\'!A0"\nstudents = ["@SUM(1+1)", "+1+1", "-2"]\n'
    )
