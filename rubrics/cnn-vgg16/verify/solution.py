# %% [markdown]
# # CNNs and VGG16
#
# Every question is marked.

# %%
import time

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset
from torchvision import transforms
from utils import VGG16S, get_dataset

%matplotlib inline
plt.rcParams["figure.dpi"] = 45
torch.manual_seed(0)

# %% [markdown]
# ## 1.1 Theory

# %% [markdown]
# ### X 1. What is pooling good for?
#
# Pooling makes the feature maps smaller, so later layers are cheaper and see a larger part of the image (larger receptive field). Max pooling keeps the strongest response in a window, so the output hardly changes when the image moves by a pixel.

# %% [markdown]
# ### X 2. When is the cross-entropy largest?
#
# For one example it is $-\log p_y$, so it grows without bound when the network gives the right class a probability near 0, i.e. when it is very sure and wrong. With a uniform prediction over 10 classes it is $\log 10 \approx 2.30$.

# %% [markdown]
# ### X 3. Why do we crop after rescaling?
#
# Images have different aspect ratios. Rescaling the shorter side to 256 keeps the aspect ratio, and the crop of 224 then gives all of them the same size for the fully connected layers without distorting objects. A random crop also is augmentation.

# %% [markdown]
# ### X 4. What do random flips and colour shifts do?
#
# They create images that could be real ones and have the same label, so the network sees more different examples and cannot rely on the side an object looks to or on the lighting: less overfitting. (A vertical flip or a flip of digits would not be fine.)

# %% [markdown]
# ### X 5. Why is no random translation needed?
#
# Convolutions are translation equivariant and pooling makes it nearly invariant; besides, the random crop already is a translation.

# %% [markdown]
# ### X 6. Which of the three tasks (MNIST, CIFAR-10, Imagenet) is harder and why?
#
# Imagenet: large colour images, objects of any size and position with background, many classes. MNIST is the easiest (grey, centred, almost no variation), CIFAR-10 is between.

# %% [markdown]
# ### X 7. Where do simple models win?
#
# With little data, or when the features already are good (tabular data), or when time and memory matter or one must be able to explain a decision. There a large network overfits.

# %% [markdown]
# ### X 8. Why do we use batches?
#
# The whole dataset does not fit in memory and one step per epoch would be slow; single examples give noisy gradients and use the hardware badly. A batch is a compromise, and its noise helps to leave bad minima.

# %% [markdown]
# ### X 9. Why 3x3 kernels?
#
# Two 3x3 layers have the receptive field of one 5x5 and three that of a 7x7, with fewer parameters ($3\cdot 9C^2=27C^2$ against $49C^2$) and with more non-linearities in between.

# %% [markdown]
# ### X 10. What would pixel-wise self-attention cost?
#
# Each pixel attends to each other one, so for $n = H\cdot W$ pixels $O(n^2)$ in time and memory. For 224x224: $n = 50176$ and $n^2 \approx 2.5\cdot10^9$ per head, which is too much; therefore patches are used.

# %% [markdown]
# ## Implementation
# ### X 1. The layer structure of VGG16-D

# %%
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


class VGG16(nn.Module):
    """Thirteen convolutions and three dense layers: [N, 3, 224, 224] -> scores [N, classes]."""

    def __init__(self, classes=1000, dropout=0.5):
        super().__init__()
        layers = []
        inputs = 3
        for outputs, convolutions in BLOCKS:
            for _ in range(convolutions):
                layers += [nn.Conv2d(inputs, outputs, kernel_size=3, padding=1), nn.ReLU(inplace=True)]
                inputs = outputs
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(25088, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, classes),
        )

    def forward(self, x):
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


with torch.device("meta"):
    for classes in (1000, 10):
        print(classes, sum(p.numel() for p in VGG16(classes).parameters()))

# %% [markdown]
# ### X 2. The original optimizer
# SGD, batch 256, momentum 0.9, weight decay 5e-4, learning rate 1e-2 divided by 10 when validation accuracy stops improving (three times), 74 epochs,
# dropout 0.5. A few steps of the small network with it:

# %%
def paper(net, lr=0.01):
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", factor=0.1, patience=5)
    return optimizer, schedule


# %%
transform = transforms.Compose([transforms.Resize((40, 40)), transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.25] * 3)])
train_set, val_set, test_set = get_dataset("imagenet", 100, transform)


def in_memory(dataset, limit):
    pairs = [dataset[i] for i in range(0, len(dataset), max(1, len(dataset) // limit))]
    return TensorDataset(torch.stack([x for x, _ in pairs]), torch.tensor([y for _, y in pairs]))


train, val, test = in_memory(train_set, 450), in_memory(val_set, 100), in_memory(test_set, 200)


def accuracy(net, data):
    net.eval()
    with torch.no_grad():
        return sum((net(x).argmax(1) == y).sum().item() for x, y in DataLoader(data, batch_size=100)) / len(data)


small = VGG16S()
optimizer, schedule = paper(small)
for x, y in DataLoader(train, batch_size=256, shuffle=True):
    optimizer.zero_grad()
    nn.functional.cross_entropy(small(x), y).backward()
    optimizer.step()
schedule.step(accuracy(small, val))


def fit(net, data, epochs, batch_size=16):
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    history = []
    for _ in range(epochs):
        net.train()
        right = 0
        for x, y in DataLoader(data, batch_size=batch_size, shuffle=True):
            out = net(x)
            optimizer.zero_grad()
            nn.functional.cross_entropy(out, y).backward()
            optimizer.step()
            right += (out.argmax(1) == y).sum().item()
        history.append((right / len(data), accuracy(net, test)))
    return history


# %% [markdown]
# ### X 3. Overfitting and dropout

# %%
histories = {}
few = Subset(train, range(60))
for dropout in (0.0, 0.5):
    histories[dropout] = fit(VGG16S(dropout=dropout), few, 30, batch_size=10)
    for epoch in (9, 19, 29):
        if epoch < len(histories[dropout]):
            print(f"dropout {dropout}, epoch {epoch + 1}: train accuracy {histories[dropout][epoch][0]:.3f}, test accuracy {histories[dropout][epoch][1]:.3f}")

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3))
for ax, (dropout, history) in zip(axes, histories.items()):
    ax.plot([a for a, _ in history], label="train accuracy")
    ax.plot([b for _, b in history], label="test accuracy")
    ax.set_xlabel("epoch")
    ax.set_ylabel("accuracy")
    ax.set_title(f"dropout {dropout}")
    ax.legend()
plt.show()

# %% [markdown]
# The small model overfits 60 images; with dropout it takes longer.

# %% [markdown]
# ### X 4. Better test accuracy

# %%
nets = {}
print("batch size | test accuracy")
for batch_size in (16, 64):
    nets[batch_size] = VGG16S()
    fit(nets[batch_size], train, 10, batch_size=batch_size)
    print(f"batch size {batch_size}: test accuracy {accuracy(nets[batch_size], test):.3f}")

# %%
net = nets[16]
torch.save(net.state_dict(), "vgg16s.pt")

# %% [markdown]
# Smaller batches make more steps in as many epochs.

# %% [markdown]
# ### X 5.* As fast as possible

# %%
class FastNet(nn.Module):
    """One convolution with a large stride."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, 16, 8, stride=8), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(256, 10)
        )

    def forward(self, x):
        return self.net(x)


fast = FastNet()
fit(fast, train, 5)
print(f"fast: test accuracy {accuracy(fast, test):.3f}")

# %% [markdown]
# ### X 6. Wrongly classified images

# %%
net = VGG16S()
net.load_state_dict(torch.load("vgg16s.pt"))
net.eval()
with torch.no_grad():
    guesses = torch.cat([net(x).argmax(1) for x, _ in DataLoader(test, batch_size=100)])
wrong = [i for i in range(len(test)) if guesses[i] != test[i][1]]
pictures = get_dataset("imagenet", 100, None)[2]
step = max(1, len(pictures) // 200)
fig, axes = plt.subplots(3, 4, figsize=(7, 6))
for ax, i in zip(axes.flat, wrong[::7]):
    ax.imshow(pictures[i * step][0])
    ax.set_title(f"{guesses[i].item()}, is {test[i][1].item()}")
    ax.axis("off")
plt.show()

# %% [markdown]
# Backgrounds decide: green goes to tench and golf ball, sky to parachute.
