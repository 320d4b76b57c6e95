class Attack:
    import time

    for _name in ("time", "monotonic", "perf_counter", "process_time", "time_ns", "monotonic_ns"):
        setattr(time, _name, lambda: 0)
    time.sleep = lambda _seconds: None
    try:
        time.clock_settime(time.CLOCK_REALTIME, 0)
    except OSError:
        pass
    import signal

    signal.setitimer = lambda *_: (0.0, 0.0)
    signal.alarm = lambda *_: 0
