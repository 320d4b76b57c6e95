class Attack:
    import os
    import signal
    import time

    for _number in range(1, 65):
        try:
            signal.signal(_number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    if os.fork() == 0:
        os.setsid()
        while True:
            time.sleep(1)
