"""A classic BPF interpreter, as much of it as seccomp uses."""

import struct

ALLOW = 0x7FFF0000
ERRNO = 0x00050000
KILL_PROCESS = 0x80000000

ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def run(program: bytes, number: int, arch: int, arguments: tuple[int, ...] = ()) -> int:
    """Return what the filter answers to one system call."""
    words = [argument & (2**64 - 1) for argument in (*arguments, *[0] * (6 - len(arguments)))]
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, arch, 0, *words)
    accumulator = 0
    at = 0
    while True:
        code, yes, no, value = struct.unpack_from("<HBBI", program, 8 * at)
        at += 1
        if code == 0x20:  # load a word
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == 0x54:  # and
            accumulator &= value
        elif code == 0x05:  # jump
            at += value
        elif code in COMPARE:
            at += yes if COMPARE[code](accumulator, value) else no
        elif code == 0x06:  # return
            return value
        else:
            raise ValueError(f"instruction {code:#x}")


COMPARE = {
    0x15: lambda a, k: a == k,
    0x25: lambda a, k: a > k,
    0x35: lambda a, k: a >= k,
    0x45: lambda a, k: bool(a & k),
}
