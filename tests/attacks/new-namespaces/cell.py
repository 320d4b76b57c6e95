class Attack:
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    for _flag in (0x10000000, 0x00020000, 0x40000000, 0x20000000, 0x02000000):
        libc.unshare(_flag)
    libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)
    libc.mount(b"/", b"/tmp", None, 0x1000, None)
    libc.umount2(b"/proc", 2)
    libc.pivot_root(b"/tmp", b"/tmp")
    libc.chroot(b"/tmp")
    for _syscall in (425, 426, 427, 248, 249, 250, 310, 311, 321, 323, 308, 272):
        libc.syscall(_syscall, 0, 0, 0, 0, 0, 0)
    for _path in ("/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/fuse", "/dev/kvm", "/sys/kernel"):
        try:
            os.open(_path, os.O_RDWR)
        except OSError:
            pass
