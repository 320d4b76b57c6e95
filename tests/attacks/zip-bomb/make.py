"""A zip of some megabytes that unpacks to 20 GB."""

import zipfile

ZIPPED = True


def make(file):
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("weights.model", "w", force_zip64=True) as out,
    ):
        for _ in range(2 * 1024):
            out.write(b"\0" * (1 << 20))
