"""What loaders are for, which labels and numbers they give, and which files are the same."""

import pytest

from grader.inside.execution.journal.copies import Files
from tests.integration.inside.execution.test_journal import DATA, LOOP

WRAPPED = """
from torchvision import transforms as T
class Pictures(Dataset):
    def __init__(self, transform):
        self.data, self.targets, self.transform = x, y.tolist(), transform
    def __len__(self):
        return len(self.data)
    def __getitem__(self, i):
        return self.transform(self.data[i]), self.targets[i]
class Around(Dataset):
    def __init__(self, subset, flip, label=lambda y: y):
        self.subset, self.flip, self.label = subset, flip, label
    def __len__(self):
        return len(self.subset)
    def __getitem__(self, i):
        image, label = self.subset[i]
        return self.flip(image), self.label(label)
base = Pictures(T.Normalize((5, 5, 5), (1, 2, 4)))
"""


def test_the_transforms_of_all_datasets_around_a_row(execute):
    ran = execute(
        DATA + LOOP + WRAPPED,
        """
net = make_net()
part = Subset(base, range(200))
train(net, DataLoader(Around(part, T.RandomHorizontalFlip()), 50), torch.optim.SGD(net.parameters(), 0.1))
accuracy(net, DataLoader(Subset(base, range(200, 300)), 50))
""",  # noqa: E501
    )
    assert not ran.errors
    learned, checked = ran.execution.loaders
    assert learned.transform.split("\n") == [
        "Normalize(mean=(5, 5, 5), std=(1, 2, 4))",
        "RandomHorizontalFlip(p=0.5)",
    ]
    assert checked.transform == "Normalize(mean=(5, 5, 5), std=(1, 2, 4))"
    assert learned.lowest < -3
    assert learned.highest > 3


def test_labels_are_those_that_a_dataset_around_gives(execute):
    ran = execute(
        DATA + LOOP + WRAPPED,
        """
class Rows(Dataset):
    def __init__(self):
        self.rows = [(f"{i}.jpg", i // 30) for i in range(300)]
    def __len__(self):
        return len(self.rows)
    def __getitem__(self, i):
        return x[i], self.rows[i][1]
class Sorted(Dataset):
    def __len__(self):
        return 300
    def __getitem__(self, i):
        return x[i], i // 30
net = nn.Sequential(nn.Flatten(), nn.Linear(192, 10))
same = lambda image: image
for data in (Around(base, same), Around(base, same, lambda y: y // 2), Rows(), Sorted()):
    accuracy(net, DataLoader(data, 20))
accuracy(net, DataLoader(Sorted(), 60))
""",
    )
    assert not ran.errors
    same, halved, rows, some, every = ran.execution.loaders
    assert (same.classes_whole, same.label_max, len(same.classes)) == (True, 3, 4)
    assert (halved.classes_whole, halved.label_max) == (False, 1)
    assert (rows.classes_whole, rows.label_max) == (True, 9)
    assert (some.classes_whole, some.label_max) == (False, 3)
    assert (every.classes_whole, every.classes["9"]) == (True, 30)


def test_what_the_code_calls_its_loaders(execute):
    ran = execute(
        DATA
        + LOOP
        + """
def evaluate(net, val_loader):
    return accuracy(net, val_loader)

train_loader, val_loader, test_loader = (DataLoader(TensorDataset(x + i, y), 60) for i in range(3))
net = make_net()
train(net, train_loader, torch.optim.SGD(net.parameters(), 0.1))
evaluate(net, val_loader)
evaluate(net, test_loader)
evaluate(net, DataLoader(TensorDataset(x + 3, y), 60))
""",
    )
    assert not ran.errors
    assert [one.role for one in ran.execution.loaders] == ["train", "val", "test", "val"]


def test_numbers_that_change_between_loader_and_net(execute):
    ran = execute(
        DATA
        + """
def walk(loader, change):
    net = nn.Sequential(nn.Flatten(), nn.Linear(192, 4))
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    for xb, yb in loader:
        optimizer.zero_grad()
        F.cross_entropy(net(change(xb)), yb).backward()
        optimizer.step()
whole = TensorDataset(x, y)
walk(DataLoader(whole, 50), lambda xb: xb.to("cpu").flatten(1).clone().requires_grad_())
walk(DataLoader(whole, 60), lambda xb: xb.flip(3))
walk(DataLoader(whole, 75), lambda xb: (xb - 5) / 2)
for xb, yb in DataLoader(whole, 100):
    pass
""",
    )
    assert not ran.errors
    assert [one.altered for one in ran.execution.loaders] == [False, True, True, None]


def test_numbers_that_change_in_forward(execute):
    ran = execute(
        DATA
        + """
class Net(nn.Module):
    def __init__(self, change):
        super().__init__()
        self.change, self.first = change, nn.Sequential(nn.Flatten(), nn.Linear(192, 8))
        self.second = nn.Linear(8, 4)
    def forward(self, xb):
        return self.second(torch.relu(self.first(self.change(xb))))
class Bare(nn.Module):
    def __init__(self):
        super().__init__()
        self.w, self.last = nn.Parameter(torch.zeros(192, 8)), nn.Linear(8, 4)
    def forward(self, xb):
        return self.last(torch.relu(xb.flatten(1) @ self.w))
def walk(net, size):
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    for xb, yb in DataLoader(TensorDataset(x, y), size):
        optimizer.zero_grad()
        F.cross_entropy(net(xb), yb).backward()
        optimizer.step()
walk(Net(lambda xb: xb.contiguous()), 50)
walk(Net(lambda xb: (xb - 5) / 2), 60)
walk(nn.Sequential(nn.BatchNorm2d(x.shape[1]), nn.Flatten(), nn.Linear(192, 4)), 75)
walk(Bare(), 100)
""",
    )
    assert not ran.errors
    assert [one.altered for one in ran.execution.loaders] == [False, True, True, False]


def test_pictures_copied_between_folders(execute):
    ran = execute(
        """
import os, shutil, torch
import torch.nn as nn
import numpy as np
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import datasets, transforms as T
rng = np.random.default_rng(0)
for split in ("train", "val"):
    for name in "ab":
        os.makedirs(f"split/{split}/{name}")
for i in range(20):
    made = f"split/train/{'ab'[i % 2]}/{i}.png"
    Image.fromarray(rng.integers(0, 255, (8, 8, 3)).astype("uint8")).save(made)
    if i < 7:
        shutil.copy(made, f"split/val/{'ab'[i % 2]}/other-{i}.png")
Image.fromarray(rng.integers(0, 255, (8, 8, 3)).astype("uint8")).save("split/val/a/new.png")
net = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
for split in ("train", "val"):
    for xb, yb in DataLoader(datasets.ImageFolder(f"split/{split}", T.ToTensor()), 4):
        net(xb)
"""
    )
    assert not ran.errors
    (shared,) = ran.execution.overlaps
    assert (shared.first, shared.second, shared.shared, shared.by) == (0, 1, 7, "content")


@pytest.fixture
def files(tmp_path):
    made = {"one": b"a" * 40_000, "copy": b"a" * 40_000, "end": b"a" * 39_999 + b"b", "empty": b""}
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "link").symlink_to(tmp_path / "one")
    return {path.name: str(path) for path in tmp_path.iterdir()}


def test_files_by_what_they_hold(files):
    found = Files(until=float("inf"))
    assert found.shared([files["one"]], [files["copy"], files["end"]]) == 1
    assert found.shared([files["one"]], [files["end"], files["empty"]]) == 0
    assert found.shared([files["one"]], [files["link"]]) == 1
    assert found.shared([files["empty"]], [files["empty"], "/dev/zero", "no\0name", "gone"]) == 1
    assert found.shared(["/dev/zero"], ["/dev/null"]) == 0


def test_files_when_time_is_over(files):
    found = Files(until=0.0)
    assert found.shared([files["one"]], [files["copy"]]) == 0
    assert found.shared([files["one"]], [files["one"]]) == 1


HELD = """
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset
torch.manual_seed(0)
x = torch.rand(300, 8)
y = torch.arange(300) % 4
one_hot = nn.functional.one_hot(y, 4)
net = nn.Linear(8, 4)

class Own(Dataset):
    def __init__(self, rows, **held):
        self.length = len(rows)
        for name, value in held.items():
            setattr(self, name, value[rows])
    def __len__(self):
        return self.length
    def __getitem__(self, row):
        return x[row], y[row]

def show(dataset):
    for inputs, labels in DataLoader(dataset, 50):
        net(inputs)
"""


@pytest.mark.parametrize(
    "held",
    [
        "y=y[:, None]",
        "numbers=y[:, None]",  # one number each
        "right=one_hot",
        "hot=one_hot.numpy().astype('float32')",
        "smooth=0.9 * one_hot + 0.025",
        "targets=torch.rand(300, 4)",
        "train_labels=torch.rand(300, 4)",
    ],
)
def test_labels_are_not_taken_for_inputs(execute, held):
    ran = execute(HELD, f"show(Own(range(200), {held}))\nshow(Own(range(200, 300), {held}))")
    assert not ran.errors
    assert [loader.rows_known for loader in ran.execution.loaders] == [False, False]
    assert ran.execution.overlaps == ()


@pytest.mark.parametrize(
    "held",
    [
        "a=one_hot, x=x",
        "a=one_hot, features=x.numpy()",
        "y=y[:, None], numbers=x",
        "boxes=torch.rand(300, 4).round(), pixels=x",  # the widest
        "wide=torch.zeros(300, 900), seen=x.view(300, 1, 2, 4)",  # pictures first
    ],
)
def test_inputs_are_found_beside_labels(execute, held):
    ran = execute(
        HELD,
        f"show(Own(range(200), {held}))\nshow(Own(range(200, 300), {held}))\n"
        f"show(Own(range(190, 300), {held}))",
    )
    assert not ran.errors
    assert all(loader.rows_known for loader in ran.execution.loaders)
    assert {(o.first, o.second): o.shared for o in ran.execution.overlaps} == {
        (0, 2): 10,
        (1, 2): 100,
    }
