"""The networks of all questions."""

import torch.nn as nn


class CNN(nn.Module):
    """Convolutions 5x5 with max pooling, then dense layers.

    convs: filters of each convolution; dense: widths after flattening, the last one is the output.
    """

    def __init__(self, convs=(6, 12), dense=(80, 5), padding=0, size=28):
        super().__init__()
        layers, n_in = [], 1
        for n_out in convs:
            layers += [nn.Conv2d(n_in, n_out, 5, padding=padding), nn.ReLU(), nn.MaxPool2d(2)]
            size = (size + 2 * padding - 4) // 2
            n_in = n_out
        self.features = nn.Sequential(*layers)
        widths = (n_in * size * size, *dense)
        layers = [nn.Flatten()]
        for a, b in zip(widths, widths[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.classifier = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.classifier(self.features(x))


class DeepCNN(nn.Module):
    """Question 3: four convolutions (6, 12, 16, 24; padding 2) and two dense layers."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 12, 5, padding=2)
        self.conv3 = nn.Conv2d(12, 16, 5, padding=2)
        self.conv4 = nn.Conv2d(16, 24, 5, padding=2)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()
        self.dense1 = nn.Linear(24 * 3 * 3, 80)
        self.dense2 = nn.Linear(80, 5)

    def maps(self, x):
        """Feature maps after each convolution."""
        out = []
        x = self.relu(self.conv1(x))
        out.append(x)
        x = self.relu(self.conv2(self.pool(x)))
        out.append(x)
        x = self.relu(self.conv3(self.pool(x)))
        out.append(x)
        x = self.relu(self.conv4(x))
        out.append(x)
        return out

    def forward(self, x):
        x = self.pool(self.maps(x)[-1])
        return self.dense2(self.relu(self.dense1(x.flatten(1))))


class Autoencoder(nn.Module):
    """784-128-64-32-10 and back, ReLU, sigmoid output."""

    def __init__(self, widths=(784, 128, 64, 32, 10)):
        super().__init__()

        def mlp(sizes):
            layers = []
            for a, b in zip(sizes, sizes[1:]):
                layers += [nn.Linear(a, b), nn.ReLU()]
            return layers[:-1]

        self.encoder = nn.Sequential(*mlp(widths))
        self.decoder = nn.Sequential(*mlp(widths[::-1]), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(self.encoder(x.flatten(1)))


class EncoderMLP(nn.Module):
    """The encoder's shape with a classifier on top."""

    def __init__(self, classes=5):
        super().__init__()
        self.encoder = Autoencoder().encoder
        self.head = nn.Linear(10, classes)

    def forward(self, x):
        return self.head(self.encoder(x.flatten(1)))
