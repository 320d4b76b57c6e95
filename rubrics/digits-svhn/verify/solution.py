# %% [markdown]
# # Assignment: Neural networks, part 2
#
# Team: Ada, Emmy. In this part we classify scikit-learn's 8x8 digits, first with an MLP, then with
# a CNN. Cells marked *please do not remove* are the template's; cells marked *PLEASE FILL IN* hold
# our own code.

# %%
# Please do not remove.
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

%matplotlib inline

# %%
# Please do not remove.
EPS = 1.0e-7

# %% [markdown]
# ## 2 Digits
#
# 1797 grey images of 8x8 pixels, ten classes. The first 1000 images are for training, the next 350
# for validation, the rest for the test.

# %%
# Please do not remove.
class Digits(Dataset):
    """scikit-learn's digits."""

    def __init__(self, mode="train", transforms=None):
        digits = load_digits()
        if mode == "train":
            self.data = digits.data[:1000].astype(np.float32)
            self.targets = digits.target[:1000]
        elif mode == "val":
            self.data = digits.data[1000:1350].astype(np.float32)
            self.targets = digits.target[1000:1350]
        else:
            self.data = digits.data[1350:].astype(np.float32)
            self.targets = digits.target[1350:]
        self.transforms = transforms

    def __len__(self):
        return len(self.data)

    def __getitem__(self, idx):
        sample_x = self.data[idx]
        sample_y = self.targets[idx]
        if self.transforms:
            sample_x = self.transforms(sample_x)
        return (sample_x, sample_y)

# %%
# A look at the data.
fig, axes = plt.subplots(1, 5, figsize=(7, 1.6))
for i, ax in enumerate(axes):
    image, label = Digits(mode="train")[i]
    ax.imshow(image.reshape(8, 8), cmap="gray")
    ax.set_title(f"label {label}")
    ax.axis("off")
plt.show()

# %% [markdown]
# ### The classifier
#
# `ClassifierNeuralNet` wraps a network `classnet` that maps a batch `x` of shape [B, 64] to
# log-probabilities of shape [B, 10].
#
# * `classify` takes, for each row, the class with the largest log-probability. The logarithm is
#   monotone, so this is also the class with the largest probability. Labels are integers, hence
#   `long`.
# * `forward` computes the negative log-likelihood. `nn.NLLLoss(reduction="none")` picks
#   $-\log p(y_n | x_n)$ for each row n: the j-th entry of the row where j is the right class.
#   With `reduction="sum"` the rows are added: needed in `evaluation`, where batches differ in size.
#   Otherwise they are averaged, so that the size of a step does not depend on the batch size.

# %%
# PLEASE FILL IN
class ClassifierNeuralNet(nn.Module):
    """A classifier around a network that gives log-probabilities."""

    def __init__(self, classnet):
        super(ClassifierNeuralNet, self).__init__()
        # the network: [B, D] -> [B, K], log-probabilities
        self.classnet = classnet
        # one loss for each row, so that we can choose the reduction ourselves
        self.nll = nn.NLLLoss(reduction="none")

    def classify(self, x):
        # [B, K]: log-probabilities of the classes
        log_probs = self.classnet(x)
        # [B]: the most probable class
        y_pred = torch.argmax(log_probs, dim=1)
        return y_pred.long()

    def forward(self, x, y, reduction="avg"):
        # [B]: -log p(y|x)
        loss = self.nll(self.classnet(x), y.long())
        if reduction == "sum":
            return loss.sum()
        return loss.mean()

# %% [markdown]
# **Question 1 (0-0.5 pt): What is the objective in mathematical terms?**
#
# With one-hot labels $y_n$ and probabilities $\theta(x_n) = \mathrm{softmax}(f(x_n; w))$ we minimise
# over the weights w the negative log-likelihood of the categorical distribution,
# $$\mathcal{L}(w) = -\frac{1}{N}\sum_{n=1}^{N}\sum_{k=1}^{K} [y_n = k] \log \theta_k(x_n; w).$$
#
# **Question 2 (0-0.5 pt): May log-softmax be used instead of softmax for prediction?**
#
# Yes. The logarithm grows with its argument, so the largest log-softmax belongs to the same class
# as the largest softmax. It is also numerically safer, because no exponential over- or underflows,
# and it is what the loss needs.

# %% [markdown]
# ### Evaluation and training

# %%
# Please do not remove.
def evaluation(test_loader, name=None, model_best=None, epoch=None):
    # the saved model, unless one is given
    if model_best is None:
        model_best = torch.load(name + ".model", weights_only=False)
    model_best.eval()
    loss_test = 0.0
    loss_error = 0.0
    N = 0.0
    for indx_batch, (test_batch, test_targets) in enumerate(test_loader):
        loss_test_batch = model_best.forward(test_batch, test_targets, reduction="sum")
        loss_test = loss_test + loss_test_batch.item()
        y_pred = model_best.classify(test_batch)
        e = 1.0 * (y_pred == test_targets)
        loss_error = loss_error + (1.0 - e).sum().item()
        N = N + test_batch.shape[0]
    loss_test = loss_test / N
    loss_error = loss_error / N
    if epoch is None:
        print(f"-> FINAL PERFORMANCE: nll={loss_test}, ce={loss_error}")
    elif epoch % 20 == 0:
        print(f"Epoch: {epoch}, val nll={loss_test}, val ce={loss_error}")
    return loss_test, loss_error


def training(name, max_patience, num_epochs, model, optimizer, training_loader, val_loader):
    nll_val = []
    error_val = []
    best_nll = 1000.0
    patience = 0
    for e in range(num_epochs):
        model.train()
        for indx_batch, (batch, targets) in enumerate(training_loader):
            loss = model.forward(batch, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        loss_e, error_e = evaluation(val_loader, model_best=model, epoch=e)
        nll_val.append(loss_e)
        error_val.append(error_e)
        if loss_e < best_nll:
            torch.save(model, name + ".model")
            best_nll = loss_e
            patience = 0
        else:
            patience = patience + 1
        if patience > max_patience:
            break
    return np.asarray(nll_val), np.asarray(error_val)


def plot_curve(name, signal, file_name="curve.pdf", xlabel="epochs", ylabel="nll", color="b-"):
    plt.figure(figsize=(4, 2.6), dpi=60)
    plt.plot(np.arange(len(signal)), signal, color, linewidth=3)
    plt.title(name)
    plt.xlabel(xlabel)
    plt.ylabel(ylabel)
    plt.tight_layout()
    plt.savefig(name + file_name, bbox_inches="tight")
    plt.show()


def save_texts(name, loss, error):
    with open(name + "_test_loss.txt", "w") as f:
        f.write("NLL: " + str(loss) + "\nCE: " + str(error))

# %%
# Please do not remove.
class Reshape(nn.Module):
    def __init__(self, size):
        super(Reshape, self).__init__()
        self.size = size

    def forward(self, x):
        assert x.shape[1] == np.prod(self.size)
        return x.view(x.shape[0], *self.size)


class Flatten(nn.Module):
    def __init__(self):
        super(Flatten, self).__init__()

    def forward(self, x):
        return x.view(x.shape[0], -1)

# %%
# Please do not remove.
train_data = Digits(mode="train")
val_data = Digits(mode="val")
test_data = Digits(mode="test")

torch.manual_seed(0)
training_loader = DataLoader(train_data, batch_size=64, shuffle=True)
val_loader = DataLoader(val_data, batch_size=64, shuffle=False)
test_loader = DataLoader(test_data, batch_size=64, shuffle=False)

D = 64  # input dimension
M = 256  # hidden units
K = 10  # classes
num_kernels = 32
lr = 1e-3
wd = 1e-5
num_epochs = 1000
max_patience = 20

# %%
# PLEASE FILL IN
# Both networks take rows of 64 pixels and end in log-probabilities.
names = ["classifier_mlp", "classifier_cnn"]

for name in names:
    if name == "classifier_mlp":
        classnet = nn.Sequential(
            nn.Linear(D, M),
            nn.ReLU(),
            nn.Linear(M, K),
            nn.LogSoftmax(dim=1),
        )
    else:
        classnet = nn.Sequential(
            Reshape((1, 8, 8)),
            nn.Conv2d(1, num_kernels, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(num_kernels, 2 * num_kernels, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            Flatten(),
            nn.Linear(2 * num_kernels * 4, K),
            nn.LogSoftmax(dim=1),
        )

    print("\n-> START", name)
    model = ClassifierNeuralNet(classnet)
    optimizer = torch.optim.Adamax(
        [p for p in model.parameters() if p.requires_grad], lr=lr, weight_decay=wd
    )
    nll_val, error_val = training(
        name=name,
        max_patience=max_patience,
        num_epochs=num_epochs,
        model=model,
        optimizer=optimizer,
        training_loader=training_loader,
        val_loader=val_loader,
    )
    test_loss, test_error = evaluation(test_loader, name=name)
    save_texts(name, test_loss, test_error)
    plot_curve(name, nll_val, file_name="_nll_val_curve.pdf")
    plot_curve(
        name, error_val, file_name="_ca_val_curve.pdf", ylabel="classification error", color="r-"
    )

# %% [markdown]
# **Question 3 (0-0.5 pt): Compare the convergence of the MLP and the CNN.**
#
# Both curves fall steeply in the first epochs. The CNN ends at a lower validation NLL and at a lower
# classification error, but it needs more time for an epoch. The MLP flattens early: each of its
# weights sees one pixel only, while a kernel of the CNN is trained at every place of every image.
#
# **Question 4 (0-0.5 pt): Why are CNNs well suited for images?**
#
# Neighbouring pixels belong together, and a convolution looks at neighbourhoods. The same stroke may
# stand anywhere: weights are shared over places, so the layer is equivariant to shifts and needs
# few parameters. Stacked with pooling, the layers see larger and larger parts of the image.

# %%
for name in names:
    saved = torch.load(name + ".model", weights_only=False)
    print(name, sum(p.numel() for p in saved.parameters()), "parameters")
