"""Where paths of the author's own machine lead."""

import pytest

from grader.inside.shims.places import Places


@pytest.fixture
def places(tmp_path):
    root, scratch = tmp_path / "submission", tmp_path / "scratch"
    for name in ("train.csv", "data/test.csv", "models/mlp/net.pt", "models/cnn/net.pt"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    scratch.mkdir()
    return Places(str(scratch), [str(root)])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/content/gdrive/MyDrive/Colab Notebooks/train.csv", "train.csv"),
        (r"C:\Users\me\data\test.csv", "data/test.csv"),
        ("../input/TRAIN.csv", "train.csv"),
        ("~/hw/models/cnn/net.pt", "models/cnn/net.pt"),
        ("/kaggle/input/mlp/net.pt", "models/mlp/net.pt"),
        ("/content/drive/models", "models"),
    ],
)
def test_a_read_finds_the_submitted_file_that_shares_most_of_the_path(places, asked, found):
    assert places.to_read(asked) == f"{places.roots[0]}/{found}"


def test_nothing_stands_in_for_a_name_that_was_not_submitted(places):
    assert places.to_read("/content/other.csv") is None
    assert places.to_read("/") is None


@pytest.mark.parametrize("path", ["/content/out/x.pt", r"D:\out\x.pt", "/home/me/x.pt"])
def test_foreign_writes_go_to_a_mirror_in_the_scratch_space(places, path):
    target = places.to_write(path)
    assert target.startswith(f"{places.scratch}/elsewhere/")
    assert target.endswith("x.pt")
    assert ".." not in target


def test_a_mirror_cannot_be_left(places):
    assert places.to_write(r"C:\..\..\..\etc\passwd").startswith(f"{places.scratch}/elsewhere/")
    assert places.to_write("/a/../../../etc/x").startswith(f"{places.scratch}/elsewhere/")


def test_own_writes_stay_where_they_are(places, monkeypatch):
    monkeypatch.chdir(places.scratch)
    for path in ("x.pt", "a/b/x.pt", f"{places.scratch}/x.pt", "/tmp/x.pt"):
        assert places.to_write(path) == path


def test_the_working_copy_is_preferred(places, tmp_path):
    copy = tmp_path / "scratch" / "work"
    copy.mkdir()
    (copy / "train.csv").write_text("changed by the run")
    places.working_copy = str(copy)
    assert places.to_read("/content/train.csv") == f"{copy}/train.csv"
    assert places.to_read("/content/test.csv") == f"{places.roots[0]}/data/test.csv"
