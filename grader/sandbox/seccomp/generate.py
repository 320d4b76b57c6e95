"""Write the system call filters again. Needs `pyseccomp`, a development dependency, on x86_64.

    python -m grader.sandbox.seccomp.generate

Everything not named is allowed: student code is any Python at all, and namespaces, no
capabilities and no new privileges already hold. What is blocked is what reaches past those: kernel
interfaces with a record of escapes, sockets of other worlds, memory that no limit counts.
"""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["ARCHITECTURES", "FAMILIES", "REFUSED", "build"]

ARCHITECTURES = ("x86_64", "aarch64")

REFUSED: dict[int, tuple[str, ...]] = {
    errno.EPERM: (
        # the kernel itself
        *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module"),
        *("bpf", "perf_event_open", "reboot", "swapon", "swapoff", "acct", "syslog"),
        *("quotactl", "quotactl_fd", "nfsservctl", "iopl", "ioperm", "modify_ldt", "uselib"),
        *("settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "vhangup"),
        *("sethostname", "setdomainname", "lookup_dcookie"),
        # the box's walls
        *("mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen"),
        *("fsconfig", "fsmount", "fspick", "mount_setattr", "setns", "unshare"),
        *("name_to_handle_at", "open_by_handle_at", "fanotify_init", "fanotify_mark"),
        # other processes: the worker has the same uid as the steps it forks
        *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp"),
        *("pidfd_getfd",),
        # keys outlive a box
        *("add_key", "request_key", "keyctl"),
        "userfaultfd",
    ),
    errno.ENOSYS: (
        *("io_uring_setup", "io_uring_enter", "io_uring_register"),
        # its flags are in memory, where a filter cannot see; the C library falls back to clone
        "clone3",
        # memory that belongs to no process, so that the watchdog could not count it
        *("memfd_create", "memfd_secret", "shmget", "shmat", "shmctl", "shmdt"),
    ),
}
"""Error → system calls. ENOSYS where programs know how to do without."""

FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6 (the box has only a loopback), AF_NETLINK's routing (getaddrinfo)."""

NAMESPACE_FLAGS = (0x10000000, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x20000000)
"""CLONE_NEWUSER, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWPID."""
CLONE_NEWNET = 0x40000000

TERMINAL_INJECTION = (0x5412, 0x541C)
"""TIOCSTI, TIOCLINUX."""


def build(architecture: str) -> bytes:
    """Return the filter of one architecture as an array of `struct sock_filter`."""
    import pyseccomp as seccomp

    arch = {"x86_64": seccomp.Arch.X86_64, "aarch64": seccomp.Arch.AARCH64}[architecture]
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)
    if arch != seccomp.system_arch():
        rules.add_arch(arch)
        rules.remove_arch(seccomp.system_arch())
    for error, names in REFUSED.items():
        for name in names:
            rules.add_rule(seccomp.ERRNO(error), name)
    _refuse_arguments(rules, seccomp)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _refuse_arguments(rules: Any, seccomp: Any) -> None:
    """Refuse calls by their arguments: namespaces, socket families, typing into a terminal."""
    low = 0xFFFFFFFF
    for flag in (*NAMESPACE_FLAGS, CLONE_NEWNET):
        wanted = seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag)
        rules.add_rule(seccomp.ERRNO(errno.EPERM), "clone", wanted)
    for request in TERMINAL_INJECTION:
        wanted = seccomp.Arg(1, seccomp.MASKED_EQ, low, request)
        rules.add_rule(seccomp.ERRNO(errno.EPERM), "ioctl", wanted)
    unsupported = seccomp.ERRNO(errno.EAFNOSUPPORT)
    for call in ("socket", "socketpair"):
        # also catches anything in the upper half, which the kernel would ignore
        rules.add_rule(unsupported, call, seccomp.Arg(0, seccomp.GT, max(FAMILIES)))
        for family in set(range(max(FAMILIES))) - set(FAMILIES):
            rules.add_rule(unsupported, call, seccomp.Arg(0, seccomp.EQ, family))
    rules.add_rule(
        unsupported,
        "socket",
        seccomp.Arg(0, seccomp.EQ, 16),
        seccomp.Arg(2, seccomp.NE, 0),
    )


def main() -> None:
    """Write both filters beside this file."""
    for architecture in ARCHITECTURES:
        path = Path(__file__).parent / f"{architecture}.bpf"
        path.write_bytes(build(architecture))
        print(f"{path.name}: {path.stat().st_size} bytes")  # noqa: T201 - a developer's script


if __name__ == "__main__":
    main()
