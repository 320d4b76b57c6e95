# Please do not remove.
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset


# Please do not remove.
EPS = 1.0e-7

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

# A look at the data.
fig, axes = plt.subplots(1, 5, figsize=(7, 1.6))
for i, ax in enumerate(axes):
    image, label = Digits(mode="train")[i]
    ax.imshow(image.reshape(8, 8), cmap="gray")
    ax.set_title(f"label {label}")
    ax.axis("off")
plt.show()

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

for name in names:
    saved = torch.load(name + ".model", weights_only=False)
    print(name, sum(p.numel() for p in saved.parameters()), "parameters")

# PLEASE FILL IN
from scipy.io import loadmat


class SVHN(Dataset):
    """Street view house numbers: x is float32 [3, 32, 32] between 0 and 1."""

    def __init__(self, mode="train"):
        mat = loadmat("test_32x32.mat" if mode == "test" else "train_32x32.mat")
        self.data = mat["X"].transpose(3, 2, 0, 1)
        self.targets = mat["y"].flatten().astype(np.int64) % 10
        n_val = len(self.data) // 10 + 1
        if mode == "train":
            self.data, self.targets = self.data[:-n_val], self.targets[:-n_val]
        elif mode == "val":
            self.data, self.targets = self.data[-n_val:], self.targets[-n_val:]

    def __len__(self):
        return len(self.data)

    def __getitem__(self, idx):
        return self.data[idx].astype(np.float32) / 255.0, self.targets[idx]


svhn_train_data = SVHN(mode="train")
svhn_val_data = SVHN(mode="val")
svhn_test_data = SVHN(mode="test")
svhn_train_loader = DataLoader(svhn_train_data, batch_size=64, shuffle=True)
svhn_val_loader = DataLoader(svhn_val_data, batch_size=500, shuffle=False)
svhn_test_loader = DataLoader(svhn_test_data, batch_size=500, shuffle=False)
print(len(svhn_train_data), len(svhn_val_data), len(svhn_test_data))

# PLEASE FILL IN
classnet_svhn = nn.Sequential(
    nn.Conv2d(3, 16, kernel_size=3, padding=1),
    nn.BatchNorm2d(16),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, kernel_size=3, padding=1),
    nn.BatchNorm2d(32),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(32, 48, kernel_size=3, padding=1),
    nn.BatchNorm2d(48),
    nn.ReLU(),
    nn.MaxPool2d(2),
    Flatten(),
    nn.Linear(48 * 16, K),
    nn.LogSoftmax(dim=1),
)
model_svhn = ClassifierNeuralNet(classnet_svhn)
svhn_optimizer = torch.optim.Adam(model_svhn.parameters(), lr=3e-3)
svhn_schedule = torch.optim.lr_scheduler.StepLR(svhn_optimizer, 1, gamma=0.4)
svhn_errors = []

print("\n-> START classifier_svhn")
for e in range(4):
    model_svhn.train()
    for batch, targets in svhn_train_loader:
        svhn_loss = model_svhn(batch, targets)
        svhn_optimizer.zero_grad()
        svhn_loss.backward()
        svhn_optimizer.step()
    svhn_schedule.step()
    with torch.no_grad():
        svhn_nll, svhn_error = evaluation(svhn_val_loader, model_best=model_svhn, epoch=e)
    svhn_errors.append(svhn_error)
torch.save(model_svhn, "classifier_svhn.model")
with torch.no_grad():
    svhn_nll, svhn_error = evaluation(svhn_test_loader, name="classifier_svhn")
save_texts("classifier_svhn", svhn_nll, svhn_error)
plot_curve("classifier_svhn", svhn_errors, file_name="_ca_val_curve.pdf", ylabel="classification error", color="r-")