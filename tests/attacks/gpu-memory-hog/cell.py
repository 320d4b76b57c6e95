import torch

_hog = []
_gigabytes = 1.0
while _gigabytes > 0.01:
    try:
        _hog.append(torch.empty(int(_gigabytes * 2**28), device="cuda").fill_(1.0))
    except RuntimeError:
        _gigabytes /= 2
