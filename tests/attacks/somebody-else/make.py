"""A grade.toml that claims other students, another assignment and roles it must not have."""

from tests.attacks.building import honest_copy


def make(folder):
    honest_copy(folder)
    (folder / "grade.toml").write_text(
        'assignment = "../../etc"\nteam = "zz-honest"\nstudents = ["zz-honest", "../x"]\n'
        '[roles]\nmlp = "../../zz-honest/classifier_mlp.model"\ncnn = "/etc/passwd"\n'
    )
