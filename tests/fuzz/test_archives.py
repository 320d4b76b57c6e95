"""Archives of any bytes unpack below their folder within the limits, or are refused clearly."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import tempfile
import zipfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from grader.errors import ConfigurationError
from grader.intake import read
from grader.intake.limits import Limits
from tests.fuzz.mutations import HOSTILE_TEXT, broken_bytes, said
from tests.fuzz.profile import fuzzed

LIMITS = Limits(
    file_bytes=1 << 20,
    total_bytes=1 << 20,
    files=40,
    depth=6,
    path_characters=120,
    archive_ratio=20,
    ratio_floor_bytes=1 << 18,
    class_bytes=4 << 20,
    class_files=100,
)
CONTENTS = {
    "ada/hw.ipynb": b'{"cells": []}',
    "ada/data/x.csv": b"a,b\n1,2\n",
    "bob/main.py": b"print(1)\n" * 50,
    "bob/\u0161\u6587.txt": b"x" * 5000,
}


def a_zip(entries, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def a_tar(entries, kind=tarfile.REGTYPE, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "../../outside"
            info.size = len(data) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


ZIPS = [a_zip(CONTENTS), a_zip(CONTENTS, zipfile.ZIP_STORED), a_zip({"in.zip": a_zip(CONTENTS)})]
ZIPS += [a_zip(CONTENTS, zipfile.ZIP_LZMA), a_zip(CONTENTS, zipfile.ZIP_BZIP2)]
TAR = a_tar(CONTENTS)
TARS = {
    "x.tar": [TAR, a_tar(CONTENTS, form=tarfile.GNU_FORMAT), a_tar({"l": b""}, tarfile.SYMTYPE)],
    "x.tar.gz": [gzip.compress(TAR, mtime=0)],
    "x.tgz": [gzip.compress(TAR, mtime=0)],
    "x.tar.bz2": [bz2.compress(TAR)],
    "x.tar.xz": [lzma.compress(TAR)],
}
KINDS = [("x.zip", data) for data in ZIPS] + [(n, d) for n, all_ in TARS.items() for d in all_]
BROKEN = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(st.just(kind[0]), broken_bytes(kind[1]))
)
INSIDE_GZIP = broken_bytes(TAR).map(lambda data: ("x.tar.gz", gzip.compress(data, mtime=0)))
NAMES = st.one_of(
    HOSTILE_TEXT,
    st.sampled_from(
        ["..", "../x", "/etc/x", "C:\\x", "a/../../x", "a\\..\\..\\x", ".", "a", "a/", "a/b", "con"]
    ),
    st.text(alphabet="./\\aA:\0\n", min_size=1, max_size=20),
)


def taken_in(name, data):
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        inside = root / "in"
        inside.mkdir()
        (inside / name).write_bytes(data)
        work = root / "work"
        for one in (True, None):
            try:
                found = read(
                    inside / name, assignment="hw1", workdir=work / str(one), one=one, limits=LIMITS
                )
            except ConfigurationError as error:
                said(error)
                continue
            for refused in found.unreadable:
                assert refused.message
            for submission in found.submissions:
                assert submission.name
                for file in submission.files:
                    place = (submission.root / file.path).resolve()
                    assert place.is_relative_to(root.resolve())
        assert sorted(entry.name for entry in root.iterdir()) in (["in"], ["in", "work"])
        assert [entry.name for entry in inside.iterdir()] == [name]
        total = 0
        for folder, folders, files in os.walk(work):
            for entry in (*folders, *files):
                place = Path(folder) / entry
                assert not place.is_symlink() or place.resolve().is_relative_to(root.resolve())
                total += place.lstat().st_size if place.is_file() else 0
        assert total < 64 << 20


@fuzzed
@given(st.one_of(BROKEN, INSIDE_GZIP))
def test_archives_with_bytes_broken(case):
    taken_in(*case)


@fuzzed
@given(
    st.lists(st.tuples(NAMES, st.binary(max_size=20)), max_size=5),
    st.sampled_from(["zip", "tar", "gnu", "links"]),
)
def test_archives_of_hostile_names(entries, form):
    whole = dict(entries)
    if form == "zip":
        taken_in("x.zip", a_zip(whole))
    elif form == "links":
        taken_in("x.tar", a_tar(whole, tarfile.LNKTYPE))
    else:
        taken_in(
            "x.tar", a_tar(whole, form=tarfile.GNU_FORMAT if form == "gnu" else tarfile.PAX_FORMAT)
        )


@fuzzed
@given(st.sampled_from(["x.zip", "x.tar", "x.tar.gz", "x", "x.ipynb"]), st.binary(max_size=300))
def test_files_of_any_bytes(name, data):
    taken_in(name, data)
