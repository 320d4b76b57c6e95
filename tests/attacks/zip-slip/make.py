"""A zip whose names leave it: parents, absolute paths, drives, links and a device."""

import stat
import zipfile

from tests.attacks.building import HONEST, NOTEBOOK

ZIPPED = True


def make(file):
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(HONEST / NOTEBOOK, NOTEBOOK)
        for name in (
            "../../escaped.txt",
            "/tmp/escaped.txt",
            "C:\\escaped.txt",
            "a/../../../escaped.txt",
        ):
            archive.writestr(name, "escaped")
        for name, target in (("classifier_mlp.model", "/etc/shadow"), ("folder", "/")):
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, target)
        device = zipfile.ZipInfo("device")
        device.external_attr = (stat.S_IFCHR | 0o666) << 16
        archive.writestr(device, "")
