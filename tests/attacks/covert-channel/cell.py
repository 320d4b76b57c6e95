class Attack:
    import ctypes
    import os
    import socket

    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmget(0x1234, 4096, 0o1666)
    libc.msgget(0x1234, 0o1666)
    libc.semget(0x1234, 1, 0o1666)
    libc.mq_open(b"/covert", os.O_CREAT | os.O_RDWR, 0o666, None)
    for _name in ("\0covert", "/dev/shm/covert", "/tmp/covert"):
        try:
            _socket = socket.socket(socket.AF_UNIX)
            _socket.bind(_name)
        except OSError:
            pass
    for _path in ("/usr/share/covert", "/submission/covert", "/opt/grader/inside/covert", "/proc/self/oom_score_adj"):
        try:
            with open(_path, "w") as _file:
                _file.write("0")
        except OSError:
            pass
