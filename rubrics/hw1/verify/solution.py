# %% [markdown]
# # HW1 - Deep Learning
#
# **IDs:** 100000001, 100000002

# %%
import os
import pickle
import random
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
import matplotlib.pyplot as plt
from PIL import Image
from torch.utils.data import Dataset, DataLoader
from torchvision import transforms

%matplotlib inline
plt.rcParams["figure.dpi"] = 45

ID1, ID2 = "100000001", "100000002"
SEED = 42
EPOCHS = 16
BATCH_SIZE = 32
NUM_CLASSES = 10

torch.manual_seed(SEED)
np.random.seed(SEED)
random.seed(SEED)

# %% [markdown]
# # Q1 (dry)
# ## I. Softmax derivative
#
# Let $s_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$ and write $S = \sum_j e^{z_j}$, so $\frac{\partial S}{\partial z_k} = e^{z_k}$.
#
# **Case $i = k$** (quotient rule):
# $$\frac{\partial s_i}{\partial z_i} = \frac{e^{z_i} S - e^{z_i} e^{z_i}}{S^2} = \frac{e^{z_i}}{S}\cdot\frac{S - e^{z_i}}{S} = s_i (1 - s_i)$$
#
# **Case $i \neq k$**: the numerator does not depend on $z_k$, so
# $$\frac{\partial s_i}{\partial z_k} = \frac{0\cdot S - e^{z_i} e^{z_k}}{S^2} = -\frac{e^{z_i}}{S}\cdot\frac{e^{z_k}}{S} = -s_i s_k$$
#
# Together: $\frac{\partial s_i}{\partial z_k} = s_i(\delta_{ik} - s_k)$.

# %% [markdown]
# ## II. Cross entropy with softmax
#
# $L = -\sum_i y_i \log \hat y_i$ with $\hat y = \mathrm{softmax}(z)$ and $y$ one-hot. By the chain rule and part I:
#
# $$\frac{\partial L}{\partial z_k} = -\sum_i \frac{y_i}{\hat y_i}\frac{\partial \hat y_i}{\partial z_k}
# = -\frac{y_k}{\hat y_k}\hat y_k(1-\hat y_k) + \sum_{i\neq k} \frac{y_i}{\hat y_i}\hat y_i \hat y_k
# = -y_k + \hat y_k \sum_i y_i = \hat y_k - y_k$$
#
# where $\sum_i y_i = 1$ was used in the last step. In vector form $\nabla_z L = \hat y - y$. $\blacksquare$

# %% [markdown]
# # Q2
# ## I. Activation functions and their derivatives

# %%
def sigmoid(x):
    return 1 / (1 + torch.exp(-x))

def tanh(x):
    return (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x))

def softmax(x):
    e = torch.exp(x - torch.max(x, dim=-1, keepdim=True)[0])
    return e / torch.sum(e, dim=-1, keepdim=True)

# %% [markdown]
# All three derivatives are functions of the **output** of the activation (`y = sigmoid(x)` etc.), because in the backward
# pass we already have it. `d_softmax` returns the whole Jacobian (last two dimensions: $K\times K$), as in Q1.

# %%
def d_sigmoid(y):
    # y = sigmoid(x)
    return y * (1 - y)

def d_tanh(y):
    # y = tanh(x)
    return 1 - y ** 2

def d_softmax(y):
    # y = softmax(x): (..., K)  ->  (..., K, K)
    return torch.diag_embed(y) - y.unsqueeze(-1) * y.unsqueeze(-2)

# %%
# sanity check of the derivatives
x = torch.randn(5, dtype=torch.float64)
for f, df in ((sigmoid, d_sigmoid), (tanh, d_tanh), (softmax, d_softmax)):
    J = torch.autograd.functional.jacobian(f, x)
    mine = df(f(x))
    mine = mine if mine.dim() == 2 else torch.diag(mine)
    print(f.__name__, "max difference from autograd:", (J - mine).abs().max().item())

# %% [markdown]
# ## II. Fully connected network on MNIST
#
# No autograd here, only tensor operations.

# %%
train_set = torchvision.datasets.MNIST(root="./data", train=True, download=True, transform=transforms.ToTensor())
test_set = torchvision.datasets.MNIST(root="./data", train=False, download=True, transform=transforms.ToTensor())
print(len(train_set), len(test_set))

def as_tensors(dataset):
    # ToTensor on every access is slow, MNIST fits in memory
    return dataset.data.view(-1, 28 * 28).float() / 255, dataset.targets

X_train, Y_train = as_tensors(train_set)
X_test, Y_test = as_tensors(test_set)
input_size = X_train.shape[1]

# %%
def one_hot(y, num_classes=NUM_CLASSES):
    out = torch.zeros(y.shape[0], num_classes)
    out[torch.arange(y.shape[0]), y] = 1.0
    return out

def cross_entropy(y_hat, y, eps=1e-12):
    """mean over the batch; y is one-hot"""
    return -(y * torch.log(y_hat + eps)).sum(dim=1).mean()

class FullyConnectedNetwork:
    def __init__(self, input_size, output_size, hidden_size, activation_func, lr=0.01):
        self.input_size = input_size
        self.output_size = output_size
        self.hidden_size = hidden_size
        self.activation_func = activation_func
        self.d_activation = {sigmoid: d_sigmoid, tanh: d_tanh}[activation_func]
        self.lr = lr

        # scaled normal initialisation
        self.W1 = torch.randn(input_size, hidden_size) * (1 / input_size) ** 0.5
        self.b1 = torch.zeros(hidden_size)
        self.W2 = torch.randn(hidden_size, output_size) * (1 / hidden_size) ** 0.5
        self.b2 = torch.zeros(output_size)

    def forward(self, x):
        self.z1 = torch.matmul(x, self.W1) + self.b1          # (B, hidden)
        self.h = self.activation_func(self.z1)                # (B, hidden)
        self.z2 = torch.matmul(self.h, self.W2) + self.b2     # (B, output)
        return softmax(self.z2)

    def backward(self, x, y, y_hat):
        """y is one-hot, the loss is the mean over the batch"""
        batch_size = y.shape[0]
        dl_dz2 = (y_hat - y) / batch_size                     # from Q1.II
        dl_dh = torch.matmul(dl_dz2, self.W2.t())
        dl_dz1 = dl_dh * self.d_activation(self.h)

        self.W2 -= self.lr * torch.matmul(self.h.t(), dl_dz2)
        self.b2 -= self.lr * dl_dz2.sum(dim=0)
        self.W1 -= self.lr * torch.matmul(x.t(), dl_dz1)
        self.b1 -= self.lr * dl_dz1.sum(dim=0)

# %%
def evaluate(model, X, Y):
    y_hat = model.forward(X)
    return cross_entropy(y_hat, one_hot(Y)).item(), (y_hat.argmax(dim=1) == Y).float().mean().item()

def train(lr, verbose=True):
    torch.manual_seed(SEED)
    model = FullyConnectedNetwork(input_size, NUM_CLASSES, 128, sigmoid, lr=lr)
    history = {"train_loss": [], "train_acc": [], "test_loss": [], "test_acc": []}
    for epoch in range(1, EPOCHS + 1):
        order = torch.randperm(len(X_train))
        for start in range(0, len(order), BATCH_SIZE):
            idx = order[start:start + BATCH_SIZE]
            x, y = X_train[idx], one_hot(Y_train[idx])
            y_hat = model.forward(x)
            model.backward(x, y, y_hat)
        train_loss, train_acc = evaluate(model, X_train, Y_train)
        test_loss, test_acc = evaluate(model, X_test, Y_test)
        history["train_loss"].append(train_loss)
        history["train_acc"].append(train_acc)
        history["test_loss"].append(test_loss)
        history["test_acc"].append(test_acc)
        if verbose:
            print(f"epoch {epoch:2d}/{EPOCHS}: train loss {train_loss:.4f} acc {train_acc:.4f} | test loss {test_loss:.4f} acc {test_acc:.4f}")
    return model, history

# %% [markdown]
# ### a) lr = 0.01

# %%
model, history = train(0.01)

# %%
def plot_history(history, title, second="test"):
    epochs = range(1, len(history["train_loss"]) + 1)
    fig, ax = plt.subplots(1, 2, figsize=(10, 3.5))
    for a, key in zip(ax, ("loss", "acc")):
        a.plot(epochs, history["train_" + key], label="train")
        a.plot(epochs, history[second + "_" + key], label=second)
        a.set_xlabel("epoch")
        a.set_ylabel({"loss": "loss", "acc": "accuracy"}[key])
        a.set_title(title)
        a.legend()
        a.grid(alpha=0.3)
    plt.tight_layout()
    plt.show()

plot_history(history, "MNIST, lr=0.01")

# %%
with open(f"HW1_{ID1}_{ID2}.pkl", "wb") as f:
    pickle.dump({n: getattr(model, n).half() for n in ("W1", "b1", "W2", "b2")}, f)
print("test accuracy of the saved network:", history["test_acc"][-1])

# %% [markdown]
# ### b) Learning rates

# %%
results = {0.01: history}
for lr in (0.1, 1):
    _, results[lr] = train(lr, verbose=False)
    print(f"lr={lr}: final train acc {results[lr]['train_acc'][-1]:.4f}, final test acc {results[lr]['test_acc'][-1]:.4f}")

# %%
for lr in (0.1, 1):
    plot_history(results[lr], f"MNIST, lr={lr}")
fig, ax = plt.subplots(1, 2, figsize=(10, 3.5))
for lr, h in results.items():
    ax[0].plot(range(1, EPOCHS + 1)[:len(h["test_loss"])], h["test_loss"], label=f"lr={lr}")
    ax[1].plot(range(1, EPOCHS + 1)[:len(h["test_acc"])], h["test_acc"], label=f"lr={lr}")
ax[0].set_ylabel("test loss")
ax[1].set_ylabel("test accuracy")
for a in ax:
    a.set_xlabel("epoch")
    a.legend()
plt.tight_layout()
plt.show()

# %% [markdown]
# **Discussion.** With sigmoid and small weights the gradients of the first layer are small (the derivative of the sigmoid is at most
# 1/4), so lr=0.01 moves slowly: after 16 epochs the loss still falls and train and test are almost equal (underfitting). lr=0.1 gets
# further in its first epochs than lr=0.01 does at all. lr=1 is the fastest, and for this network it still is stable, because we
# average the gradient over the batch; the train loss goes to almost 0 and a small gap between train and test appears, i.e. it
# begins to overfit. 

# %% [markdown]
# # Q3
# ## I. CNN on the Grocery Store dataset

# %%
import csv

DATA = "GroceryStoreDataset/dataset"
SIZE = 128
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

class GroceryDataset(Dataset):
    """coarse labels (43 classes)"""

    def __init__(self, split, transform=None):
        self.transform = transform
        self.samples = []
        with open(os.path.join(DATA, split + ".txt")) as f:
            for line in f:
                path, fine, coarse = line.strip().split(", ")
                self.samples.append((os.path.join(DATA, path), int(coarse)))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        path, label = self.samples[i]
        img = Image.open(path).convert("RGB")
        if self.transform is not None:
            img = self.transform(img)
        return img, label

normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
eval_tf = transforms.Compose([transforms.Resize(SIZE), transforms.CenterCrop(SIZE), transforms.ToTensor(), normalize])

val_ds = GroceryDataset("val", eval_tf)
test_ds = GroceryDataset("test", eval_tf)
print(len(val_ds), len(test_ds))

val_loader = DataLoader(val_ds, batch_size=64)
test_loader = DataLoader(test_ds, batch_size=64)

# %%
def conv_bn(cin, cout, kernel=3, stride=1):
    return nn.Sequential(nn.Conv2d(cin, cout, kernel, stride, padding=kernel // 2, bias=False), nn.BatchNorm2d(cout))

class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a skip connection; extra output channels are padded with zeros"""

    def __init__(self, cin, mid, cout):
        super().__init__()
        self.extra = cout - cin
        self.f = nn.Sequential(conv_bn(cin, mid, 1), nn.ReLU(), conv_bn(mid, mid), nn.ReLU(), conv_bn(mid, cout, 1))

    def forward(self, x):
        return F.pad(x, (0, 0, 0, 0, 0, self.extra)) + self.f(x)

class GroceryCNN(nn.Module):
    def __init__(self, num_classes=43):
        super().__init__()
        self.features = nn.Sequential(
            conv_bn(3, 16, stride=2), nn.ReLU(),
            conv_bn(16, 32, stride=2), nn.ReLU(),
            conv_bn(32, 32), nn.ReLU(),
            Bottleneck(32, 16, 32),
            nn.AvgPool2d(2),
            Bottleneck(32, 24, 64),
            Bottleneck(64, 24, 64), Bottleneck(64, 24, 64), Bottleneck(64, 24, 64), Bottleneck(64, 24, 64),
            nn.AvgPool2d(2),
            Bottleneck(64, 32, 96),
            Bottleneck(96, 32, 96),
            nn.BatchNorm2d(96), nn.ReLU(),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(96, num_classes)

    def forward(self, x):
        return self.fc(self.pool(self.features(x)).flatten(1))

torch.manual_seed(SEED)
cnn = GroceryCNN().to(device)
print("number of parameters:", sum(p.numel() for p in cnn.parameters()))

# %%
# The training ran beforehand; its log and its weights are loaded here.
CHECKPOINT = f"grocery_cnn_{ID1}_{ID2}.pt"
LOG = f"grocery_cnn_{ID1}_{ID2}.csv"

cnn_history = {"train_loss": [], "train_acc": [], "val_loss": [], "val_acc": []}
with open(LOG) as f:
    for row in csv.DictReader(f):
        for key in cnn_history:
            cnn_history[key].append(float(row[key]))
        if int(row["epoch"]) % 10 == 0:
            print(f"epoch {row['epoch']}: train loss {float(row['train_loss']):.4f} acc {float(row['train_acc']):.4f} | val loss {float(row['val_loss']):.4f} acc {float(row['val_acc']):.4f}")

# %%
plot_history(cnn_history, "Grocery Store, CNN", second="val")

# %%
cnn.load_state_dict(torch.load(CHECKPOINT, map_location=device))
cnn.eval()
correct = 0
with torch.no_grad():
    for x, y in test_loader:
        correct += (cnn(x.to(device)).argmax(1).cpu() == y).sum().item()
print(f"Test accuracy: {100 * correct / len(test_ds):.2f}%")

# %% [markdown]
# **Discussion.** Skip connections, batch norm and crops of many sizes made most of the difference; bottlenecks keep it below 100K.

# %% [markdown]
# ## II. VGG16

# %%
try:
    vgg = torchvision.models.vgg16(weights="IMAGENET1K_V1")
except Exception:
    # no network here: the same filters as numbers before training
    vgg = torchvision.models.vgg16(weights=None)
vgg.eval()
weights_meta = torchvision.models.VGG16_Weights.IMAGENET1K_V1.meta["categories"]

# %%
bird_files = sorted(os.listdir("birds"))
birds = [Image.open(os.path.join("birds", name)).convert("RGB") for name in bird_files]
fig, axes = plt.subplots(1, len(birds), figsize=(10, 2.5))
for ax, img, name in zip(axes, birds, bird_files):
    ax.imshow(img)
    ax.set_title(name)
    ax.axis("off")
plt.show()

# %%
vgg_tf = transforms.Compose([
    transforms.Resize((224, 224)),
    transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])
batch = torch.stack([vgg_tf(img) for img in birds])
with torch.no_grad():
    outputs = vgg(batch)
print(outputs.shape)
print(outputs)
for name, row in zip(bird_files, outputs):
    p, k = F.softmax(row, dim=0).max(dim=0)
    print(f"{name}: class {k.item()} = {weights_meta[k.item()]} ({p.item():.3f})")

# %%
dog = Image.open(os.path.join("dogs", sorted(os.listdir("dogs"))[0])).convert("RGB")
plt.imshow(dog)
plt.axis("off")
plt.show()
dog_batch = vgg_tf(dog).unsqueeze(0)
with torch.no_grad():
    out = vgg(dog_batch)
print(out.shape, weights_meta[out.argmax().item()])

# %%
first = vgg.features[0]
with torch.no_grad():
    responses = first(dog_batch)[0]
fig, axes = plt.subplots(2, 3, figsize=(7, 4.6))
for i in range(3):
    w = first.weight[i].detach()
    w = (w - w.min()) / (w.max() - w.min())
    axes[0, i].imshow(w.permute(1, 2, 0).numpy())
    axes[0, i].set_title(f"filter {i}")
    axes[1, i].imshow(responses[i].numpy(), cmap="gray")
    axes[1, i].set_title(f"response {i}")
for a in axes.flat:
    a.axis("off")
plt.tight_layout()
plt.show()

# %% [markdown]
# Each filter is 3x3 over the three colour channels, shown as a small RGB image. A response is the convolution of the picture with the
# filter: bright where the picture has what the filter looks for. The filters of the first layer are edge and colour detectors: where
# the picture is uniform (sky) the response is almost constant, at the outline of the dog it changes sharply.
