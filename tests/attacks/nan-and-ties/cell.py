import torch


class Attack:
    _forward = torch.nn.Sequential.forward

    def forward(self, x, _forward=_forward):
        scores = _forward(self, x) * 0
        scores[::3] = float("nan")
        scores[1::3] = float("inf")
        return scores

    torch.nn.Sequential.forward = forward
