import torch.nn as nn


class Net(nn.Module):
    def __init__(self, c=(16, 32, 32), hidden=64, dropout=0.0):
        super(Net, self).__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(3, c[0], 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(c[0], c[1], 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(c[1], c[2], 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.fc = nn.Sequential(
            nn.Flatten(), nn.Linear(c[2] * 16, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 10)
        )

    def forward(self, x):
        return self.fc(self.conv(x))
