"""The two networks. Both end in log-softmax."""
import torch.nn as nn


class Reshape(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x):
        return x.view(x.shape[0], *self.size)


class Flatten(nn.Module):
    def forward(self, x):
        return x.view(x.shape[0], -1)


def make_mlp(D=64, M=256, K=10):
    return nn.Sequential(
        nn.Linear(D, M),
        nn.ReLU(),
        nn.Linear(M, K),
        nn.LogSoftmax(dim=1),
    )


def make_cnn(num_kernels=32, K=10):
    return nn.Sequential(
        Reshape((1, 8, 8)),
        nn.Conv2d(1, num_kernels, 3, stride=1, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # 4x4
        nn.Conv2d(num_kernels, 2 * num_kernels, 3, stride=1, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # 2x2
        Flatten(),
        nn.Dropout(0.5),
        nn.Linear(2 * num_kernels * 4, K),
        nn.LogSoftmax(dim=1),
    )
