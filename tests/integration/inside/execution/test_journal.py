"""What a run was seen to do: optimizers, loaders, overlaps, evaluations."""

import pytest

DATA = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset, random_split, ConcatDataset

torch.manual_seed(0)
x = torch.randn(300, 3, 8, 8) * torch.tensor([1.0, 2.0, 4.0]).view(1, 3, 1, 1) + 5
y = torch.arange(300) % 4
"""

LOOP = """
def train(net, loader, optimizer, epochs=2, schedule=None):
    for epoch in range(epochs):
        net.train()
        for xb, yb in loader:
            optimizer.zero_grad()
            F.cross_entropy(net(xb), yb).backward()
            optimizer.step()
        if schedule is not None:
            schedule.step()

def accuracy(net, loader):
    right = 0
    with torch.no_grad():
        for xb, yb in loader:
            right += (net(xb).argmax(1) == yb).sum().item()
    return right / len(loader.dataset)

def make_net():
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 16), nn.Dropout(0.5), nn.Linear(16, 4))
"""


def test_optimizer_with_its_settings_schedule_and_net(execute):
    ran = execute(
        DATA + LOOP,
        """
class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(192, 16)
        self.head = nn.Linear(16, 4)
    def forward(self, x):
        return self.head(self.body(x.flatten(1)))
net = Small()
for p in net.body.parameters():
    p.requires_grad = False
optimizer = torch.optim.SGD(net.head.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.1)
train(net, DataLoader(TensorDataset(x, y), batch_size=100), optimizer, schedule=schedule)
never = torch.optim.Adam(net.parameters())
""",
    )
    assert not ran.errors
    (seen,) = ran.execution.optimizers
    assert (seen.type, seen.net, seen.steps) == ("SGD", "Small", 6)
    assert (seen.parameters, seen.frozen) == (16 * 4 + 4, 192 * 16 + 16)
    assert seen.settings["lr"] == 0.1
    assert seen.settings["momentum"] == 0.9
    assert seen.settings["weight_decay"] == 5e-4
    assert seen.settings["nesterov"] is False
    assert seen.last_lr == pytest.approx(0.01)
    assert (seen.scheduler, seen.scheduler_settings) == ("StepLR", {"step_size": 1, "gamma": 0.1})
    assert (seen.place.cell, seen.place.line) == (2, 12)


def test_loaders_with_their_use_and_statistics(execute):
    ran = execute(
        DATA + LOOP,
        """
whole = TensorDataset(x, y)
train_set, val_set = random_split(whole, [200, 100], generator=torch.Generator().manual_seed(1))
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
val_loader = DataLoader(val_set, batch_size=25)
net = make_net()
train(net, train_loader, torch.optim.Adam(net.parameters()))
accuracy(net, val_loader)
for xb, yb in DataLoader(whole, batch_size=100):
    xb.mean()
""",
    )
    assert not ran.errors
    learned, checked, looked = ran.execution.loaders
    assert (learned.use, checked.use, looked.use) == ("train", "evaluate", "other")
    assert (learned.length, checked.length, looked.length) == (200, 100, 300)
    assert (learned.batch_size, learned.shuffled, checked.shuffled) == (50, True, False)
    assert learned.passes == 2
    assert learned.dataset == "Subset of TensorDataset"
    assert looked.classes == {"0": 75, "1": 75, "2": 75, "3": 75}
    assert sum(learned.classes.values()) == 200
    assert (looked.label_min, looked.label_max, looked.labels_known) == (0, 3, True)
    assert looked.shape == (3, 8, 8)
    assert looked.mean == pytest.approx((5, 5, 5), abs=0.2)
    assert looked.std == pytest.approx((1, 2, 4), rel=0.05)
    assert learned.random_inputs is False
    assert (learned.place.cell, learned.place.line) == (2, 4)
    assert {(o.first, o.second): o.shared for o in ran.execution.overlaps} == {
        (0, 2): 200,
        (1, 2): 100,
    }
    assert {o.by for o in ran.execution.overlaps} == {"rows"}


def test_rows_of_copies_are_known_by_their_content(execute):
    ran = execute(
        DATA + LOOP,
        """
class Own(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images.copy(), labels
    def __len__(self):
        return len(self.images)
    def __getitem__(self, i):
        return torch.tensor(self.images[i]), self.labels[i]
net = make_net()
train(net, DataLoader(Own(x.numpy(), y.tolist()), 50), torch.optim.SGD(net.parameters(), 0.1))
accuracy(net, DataLoader(Own(x.numpy()[220:], y.tolist()[220:]), 50))
""",
    )
    assert not ran.errors
    (shared,) = ran.execution.overlaps
    assert (shared.first, shared.second, shared.shared, shared.by) == (0, 1, 80, "content")
    assert ran.execution.loaders[1].classes == {"0": 20, "1": 20, "2": 20, "3": 20}


def test_rows_are_known_through_classes_of_the_students_own(execute):
    """As in the study: the last images are for validation, and are trained on too."""
    ran = execute(
        DATA + LOOP,
        """
class Part(Dataset):
    def __init__(self, mode):
        self.svhn = TensorDataset(x, y)
        self.first = 200 if mode == "val" else 0
    def __len__(self):
        return len(self.svhn) - self.first
    def __getitem__(self, i):
        return self.svhn[i + self.first]
class Chosen(Dataset):
    def __init__(self, rows):
        self.whole, self.rows = TensorDataset(x, y), rows
    def __len__(self):
        return len(self.rows)
    def __getitem__(self, i):
        image, label = self.whole[self.rows[i]]
        return image + 0.01 * torch.rand(1), 10 - label
class Computed(Dataset):
    def __len__(self):
        return 60
    def __getitem__(self, i):
        return x[i].clone(), y[i]
net = make_net()
torch.manual_seed(5)
train(net, DataLoader(Part("train"), 50), torch.optim.SGD(net.parameters(), 0.1))
accuracy(net, DataLoader(Part("val"), 50))
accuracy(net, DataLoader(Chosen([7, 3, 250, 251, 299]), 5))
accuracy(net, DataLoader(Computed(), 50))
print(type(Part("val").svhn).__name__)
""",
    )
    assert not ran.errors
    assert ran.output.endswith("TensorDataset\n")
    loaders = ran.execution.loaders
    assert [loader.rows_known for loader in loaders] == [True, True, True, False]
    assert set(loaders[2].classes) == {"7", "8"}  # as yielded, not as the inner data has them
    assert {(o.first, o.second): o.shared for o in ran.execution.overlaps} == {
        (0, 1): 100,
        (0, 2): 5,
        (1, 2): 3,
    }


def test_samplers_and_concatenations_choose_rows(execute):
    ran = execute(
        DATA + LOOP,
        """
from torch.utils.data import SubsetRandomSampler
whole = TensorDataset(x, y)
net = make_net()
first = DataLoader(whole, 50, sampler=SubsetRandomSampler(list(range(250))))
second = DataLoader(whole, 50, sampler=SubsetRandomSampler(list(range(250, 300))))
third = DataLoader(ConcatDataset([Subset(whole, range(240, 260)), Subset(whole, [0])]), 10)
train(net, first, torch.optim.SGD(net.parameters(), 0.1))
accuracy(net, second)
accuracy(net, third)
""",
    )
    assert not ran.errors
    assert [loader.length for loader in ran.execution.loaders] == [250, 50, 21]
    assert {(o.first, o.second): o.shared for o in ran.execution.overlaps} == {
        (0, 2): 11,
        (1, 2): 10,
    }


def test_evaluations_with_the_mode_of_the_net(execute):
    ran = execute(
        DATA + LOOP,
        """
net = make_net()
loader = DataLoader(TensorDataset(x[:100], y[:100]), 50)
train(net, DataLoader(TensorDataset(x, y), 50), torch.optim.SGD(net.parameters(), 0.1))
accuracy(net, loader)
net.eval()
accuracy(net, loader)
accuracy(net, loader)
""",
    )
    assert not ran.errors
    wrong, right = ran.execution.evaluations
    assert (wrong.training_mode, right.training_mode) == (True, False)
    assert wrong.sensitive == ("Dropout",)
    assert (wrong.loader, right.loader) == (1, 1)
    assert (wrong.passes, right.passes) == (1, 2)
    assert wrong.with_gradients is False
    line = next(i for i, text in enumerate((DATA + LOOP).split("\n"), 1) if "right +=" in text)
    assert (wrong.place.cell, wrong.place.line) == (1, line)


def test_a_net_without_torch_layers_trains_by_hand(execute):
    ran = execute(
        """
import torch
from torch.utils.data import DataLoader, TensorDataset

class Net:
    def __init__(self):
        self.W1, self.b1 = torch.randn(8, 5) * 0.1, torch.zeros(5)
    def forward(self, x):
        self.h = x @ self.W1 + self.b1
        return self.h
    def backward(self, x, y, y_hat):
        d = (y_hat - y) / len(x)
        self.W1 -= 0.1 * x.T @ d
        self.b1 -= 0.1 * d.sum(0)

x, y = torch.randn(64, 8), torch.randn(64, 5)
net = Net()
train_loader, test_loader = (DataLoader(TensorDataset(x, y), batch_size=20) for _ in range(2))
for epoch in range(3):
    for xb, yb in train_loader:
        out = net.forward(xb)
        net.backward(xb, yb, out)
    for xb, yb in test_loader:
        net.forward(xb)
"""
    )
    assert not ran.errors
    assert [loader.use for loader in ran.execution.loaders] == ["train", "evaluate"]
    assert ran.execution.optimizers == ()


def test_parameters_updated_without_an_optimizer(execute):
    ran = execute(
        DATA + LOOP,
        """
net = make_net()
for xb, yb in DataLoader(TensorDataset(x, y), 50):
    F.cross_entropy(net(xb), yb).backward()
    with torch.no_grad():
        for p in net.parameters():
            p -= 0.1 * p.grad
            p.grad = None
""",
    )
    assert [loader.use for loader in ran.execution.loaders] == ["train"]
    assert ran.execution.evaluations == ()


def test_evaluation_amid_training_is_an_evaluation(execute):
    ran = execute(
        DATA + LOOP,
        """
net = make_net()
optimizer = torch.optim.SGD(net.parameters(), 0.1)
train_loader = DataLoader(TensorDataset(x, y), 50)
val_loader = DataLoader(TensorDataset(x[:60] + 1, y[:60]), 20)
for xb, yb in train_loader:
    optimizer.zero_grad()
    F.cross_entropy(net(xb.float()), yb).backward()
    optimizer.step()
    accuracy(net, val_loader)
    xv, yv = next(iter(val_loader))
    optimizer.zero_grad()
""",
    )
    assert not ran.errors
    learned, checked = ran.execution.loaders
    assert (learned.use, checked.use) == ("train", "evaluate")
    assert learned.passes == 1
    assert [e.loader for e in ran.execution.evaluations] == [1]


def test_random_inputs_are_noticed_and_draw_no_numbers_of_the_students(execute):
    cell = (
        DATA
        + """
class Noisy(Dataset):
    def __init__(self, strength):
        self.strength = strength
    def __len__(self):
        return 100
    def __getitem__(self, i):
        return x[i] + self.strength * torch.randn(3, 8, 8), int(y[i])
torch.manual_seed(5)
for strength in (0.0, 1.0):
    for xb, yb in DataLoader(Noisy(strength), batch_size=100):
        print(float(xb.sum()))
print(torch.rand(1).item())
torch.manual_seed(5)
print(*[float(torch.stack([Noisy(s)[i][0] for i in range(100)]).sum()) for s in (0.0, 1.0)])
print(torch.rand(1).item())
"""
    )
    ran = execute(cell)
    assert not ran.errors
    assert [loader.random_inputs for loader in ran.execution.loaders] == [False, True]
    assert "tensor" not in ran.output


def test_a_loader_made_anew_each_epoch_is_one_loader(execute):
    ran = execute(
        DATA + LOOP,
        """
whole = TensorDataset(x, y)
net = make_net()
optimizer = torch.optim.SGD(net.parameters(), 0.1)
for epoch in range(3):
    train(net, DataLoader(whole, 100, shuffle=True), optimizer, epochs=1)
""",
    )
    (loader,) = ran.execution.loaders
    assert loader.passes == 3


def test_a_second_run_begins_otherwise_unless_the_code_seeds_itself(execute):
    cell = (
        "import torch, random, numpy as np\n"
        "print(torch.rand(1).item(), random.random(), np.random.rand())"
    )
    seeded = "import torch, random\ntorch.manual_seed(3)\nprint(torch.rand(1).item())"
    assert execute(cell).output == execute(cell).output
    assert execute(cell).output != execute(cell, run=2).output
    assert execute(seeded).output == execute(seeded, run=2).output


def test_tensors_sliced_by_hand(execute):
    ran = execute(
        DATA + LOOP,
        """
X_train, y_train, X_val, y_val = x[:200].clone(), y[:200], x[150:250].clone(), y[150:250]
net = make_net()
optimizer = torch.optim.SGD(net.parameters(), 0.1)
for epoch in range(2):
    net.train()
    for i in range(0, 200, 50):
        optimizer.zero_grad()
        F.cross_entropy(net(X_train[i : i + 50]), y_train[i : i + 50]).backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        net(X_val)
        net(X_train[torch.randperm(200)[:20]])
""",
    )
    assert not ran.errors
    learned, checked = ran.execution.loaders
    assert (learned.use, learned.length, learned.dataset) == ("train", 200, "Tensor sliced by hand")
    assert (checked.use, checked.length, checked.dataset) == ("evaluate", 100, "Tensor")
    (shared,) = ran.execution.overlaps
    assert (shared.shared, shared.by) == (50, "content")
    assert [(e.loader, e.passes) for e in ran.execution.evaluations] == [(1, 2), (None, 2)]
    assert [found.code for found in ran.execution.findings] == ["validation_in_training"]


def test_a_loader_that_was_only_peeked_at_trained_nothing(execute):
    ran = execute(
        DATA + LOOP,
        """
peeked = DataLoader(TensorDataset(x, y), 50)
images, labels = next(iter(peeked))
net = make_net()
optimizer = torch.optim.SGD(net.parameters(), 0.1)
for step in range(3):
    optimizer.zero_grad()
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
for xb, yb in DataLoader(TensorDataset(x, y), 60):
    optimizer.zero_grad()
    F.cross_entropy(net(xb), yb).backward()
    optimizer.step()
    if step:
        break
""",
    )
    assert not ran.errors
    assert [(k.batch_size, k.use) for k in ran.execution.loaders] == [(50, "other"), (60, "train")]
