"""The grader's pictures go through the student's own preprocessing before their net is asked."""

# ruff: noqa: E501 - lines as students write them

import numpy as np
import pytest
import torch
from torch import nn

IMPORTS = (
    "import torch\nfrom torch import nn\nfrom torch.utils.data import DataLoader, Dataset\n"
    "from torchvision import datasets, transforms\n"
)
NORMAL = "transforms.Normalize((0.5,), (0.25,))"
FLAT = (
    "class Net(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.fc = nn.Linear(784, 10)\n"
    "    def forward(self, x):\n"
    "        return self.fc(x.view(-1, 784))\n"
)
COLOUR = (
    "class Net(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.conv = nn.Conv2d(3, 4, 3)\n"
    "        self.fc = nn.Linear(4, 5)\n"
    "    def forward(self, x):\n"
    "        return self.fc(self.conv(x).mean((2, 3)))\n"
)


def role(inputs=None, outputs=10, **more):
    return {
        "name": "net",
        "kind": "module",
        "names": ["Net"],
        "weights": ["net.pt"],
        "input_shape": inputs,
        "output_shape": [outputs],
        "unwrap": [],
        "contains": [],
        "lacks": [],
        "arguments": {},
        "source_data": "",
        **more,
    }


def dataset(family, *names, **arguments):
    more = {"kind": "dataset", "names": list(names), "source_data": family, "weights": []}
    return role(**{**more, "arguments": arguments, "output_shape": None})


def linear(box):
    torch.manual_seed(0)
    layer = nn.Linear(784, 10)
    box.save("net.pt", {"fc.weight": layer.weight.data, "fc.bias": layer.bias.data})
    return layer


def colour(box):
    torch.manual_seed(0)
    conv, layer = nn.Conv2d(3, 4, 3), nn.Linear(4, 5)
    state = {f"conv.{k}": v for k, v in conv.state_dict().items()}
    box.save("net.pt", state | {f"fc.{k}": v for k, v in layer.state_dict().items()})
    return lambda x: layer(conv(x).mean((2, 3))).detach().numpy()


def predict(box, *, dataset="mnist/test", roles=(), **more):
    params = {"role": role(**more), "dataset": dataset, "source": "saved"}
    return box.ask(("predict", {**params, "preprocess": list(roles)}))[0]


def mnist(box, make, count=12):
    images = make["images"](count, 28, seed=9)
    box.give("mnist/test", images, "torchvision.MNIST")
    return torch.from_numpy(images).float().reshape(count, 784) / 255


@pytest.mark.parametrize(
    "code",
    [
        (
            f"t = transforms.Compose([transforms.ToTensor(), {NORMAL}])\n"
            "test = datasets.MNIST('d', train=False, transform=t)"
        ),
        (
            "def main():\n"
            f"    chain = transforms.Compose([transforms.ToTensor(), {NORMAL}])\n"
            "    loader = DataLoader(datasets.MNIST('d', False, chain), batch_size=3)\n"
            "if __name__ == '__main__':\n    main()"
        ),
        (
            "def load(name, t):\n    return DataLoader(datasets.MNIST(name, train=False, transform=t))\n"
            f"x = load('d', transforms.Compose([transforms.ToTensor(), {NORMAL}]))"
        ),
        (
            "if __name__ == '__main__':\n"
            f"    t = transforms.Compose([transforms.ToTensor(), {NORMAL}])\n"
            "    sets = {s: datasets.MNIST('d', train=s, transform=t) for s in (True, False)}"
        ),
        (
            "t = {'train': transforms.Compose([transforms.RandomRotation(90), transforms.ToTensor()]),\n"
            f" 'val': transforms.Compose([transforms.ToTensor(), {NORMAL}])}}\n"
            "train = datasets.MNIST('d', train=True, transform=t['train'])\n"
            "test = datasets.MNIST('d', train=False, transform=t['val'])"
        ),
        (
            "class Mine(datasets.MNIST):\n    pass\n"
            f"x = Mine('d', train=False, transform=transforms.Compose([transforms.ToTensor(), {NORMAL}]))"
        ),
        (
            "test_set = datasets.MNIST('d', train=False)\n"
            f"test_set.transform = transforms.Compose([transforms.ToTensor(), {NORMAL}])"
        ),
        f"test_transform = transforms.Compose([transforms.ToTensor(), {NORMAL}])",
        (
            "test_data = datasets.FashionMNIST('d', train=False, transform=transforms.ToTensor())\n"
            f"t = transforms.Compose([transforms.ToTensor(), {NORMAL}])\n"
            "mnist_test = datasets.MNIST('d', train=False, transform=t)"
        ),
    ],
)
def test_the_transform_of_the_test_data_is_found_wherever_it_stands(box, make, code):
    layer, flat = linear(box), mnist(box, make)
    box.write("main.py", IMPORTS + FLAT + code + "\n")
    answer = predict(box)
    wanted = layer((flat - 0.5) / 0.25).detach().numpy()
    assert answer.payload.rows_independent
    assert answer.payload.weights_matter
    assert np.allclose(answer.arrays["scores"], wanted, atol=1e-4), answer.payload.preprocessing
    assert "Through" in answer.payload.preprocessing


@pytest.mark.parametrize(
    ("code", "normalised"),
    [
        ("", False),
        (
            (
                "train = datasets.MNIST('d', transform=transforms.Compose([transforms.RandomCrop(28, 4),"
                f" transforms.ToTensor(), {NORMAL}]))"
            ),
            True,
        ),
        (
            "t = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])",
            False,
        ),
    ],
)
def test_random_augmentation_of_the_training_data_is_never_used(box, make, code, normalised):
    layer, flat = linear(box), mnist(box, make)
    box.write("main.py", IMPORTS + FLAT + code + "\n")
    answer = predict(box)
    wanted = (flat - 0.5) / 0.25 if normalised else flat
    assert np.allclose(answer.arrays["scores"], layer(wanted).detach().numpy(), atol=1e-4)
    assert "preprocess.random" not in answer.codes
    assert ("from 0 to 1" in answer.payload.preprocessing) == (not normalised)


def test_a_random_test_transform_is_applied_seeded_and_said(box, make):
    linear(box)
    mnist(box, make)
    box.write(
        "main.py",
        IMPORTS + FLAT + "t = transforms.Compose([transforms.RandomRotation(45),"
        " transforms.ToTensor()])\nx = datasets.MNIST('d', train=False, transform=t)\n",
    )
    first, second = predict(box), predict(box)
    assert "preprocess.random" in first.codes
    assert first.remark("preprocess.random").place.line > 10
    assert np.array_equal(first.arrays["scores"], second.arrays["scores"])


@pytest.mark.parametrize(
    "code",
    [
        (
            "test = datasets.MNIST('d', train=False, download=True)\n"
            "X_test = (test.data.view(-1, 784).float() / 255 - 0.5) / 0.25\n"
        ),
        (
            "def load():\n"
            "    d = datasets.MNIST('d', train=False)\n"
            "    return (d.data.reshape(-1, 784) / 255. - 0.5) / 0.25, d.targets\n"
            "X_test, y_test = load()\n"
        ),
        (
            "import numpy as np\n"
            "def read(path):\n"
            "    with open(path, 'rb') as f:\n"
            "        return np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)\n"
            "x_te = (read('/content/t10k-images-idx3-ubyte') / 255 - 0.5) / 0.25\n"
        ),
    ],
)
def test_arrays_made_by_hand_are_recognised(box, make, code):
    layer, flat = linear(box), mnist(box, make)
    box.write("main.py", IMPORTS + FLAT + code)
    answer = predict(box)
    assert "array" in answer.payload.preprocessing
    wanted = layer((flat - 0.5) / 0.25).detach().numpy()
    assert np.allclose(answer.arrays["scores"], wanted, atol=1e-4)


def test_training_code_beside_arrays_by_hand_is_not_run(box, make):
    linear(box)
    mnist(box, make)
    box.write(
        "main.py",
        IMPORTS
        + FLAT
        + "test = datasets.MNIST('d', train=False)\nX_test = test.data.float() / 255\n"
        "net = Net()\nopt = torch.optim.SGD(net.parameters(), 1.)\n"
        "while True:\n    net(X_test).sum().backward(); opt.step()\n",
    )
    assert "array" in predict(box).payload.preprocessing


def test_colour_pictures_of_one_size(box, make):
    images = make["images"](7, 32, 3, seed=4)
    box.give("cifar10/test", images, "torchvision.CIFAR10")
    net = colour(box)
    box.notebook(
        IMPORTS + COLOUR,
        "transform_train = transforms.Compose([transforms.RandomCrop(32, 4), transforms.ToTensor()])\n"
        "transform_test = transforms.Compose([transforms.ToTensor(),\n"
        "    transforms.Normalize((.1, .2, .3), (.4, .5, .6))])\n"
        "trainset = datasets.CIFAR10('./data', train=True, transform=transform_train)\n"
        "testset = datasets.CIFAR10('./data', train=False, transform=transform_test)",
    )
    answer = predict(box, dataset="cifar10/test", inputs=[3, 32, 32], outputs=5)
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.4, 0.5, 0.6])
    x = (torch.from_numpy(images) / 255 - mean) / std
    assert np.allclose(answer.arrays["scores"], net(x.permute(0, 3, 1, 2)), atol=1e-4)


GROCERY = (
    "import os\nfrom PIL import Image\n"
    "class Grocery(Dataset):\n"
    "    def __init__(self, root, split, transform=None):\n"
    "        self.root, self.transform = root, transform\n"
    "        with open(os.path.join(root, split + '.txt')) as f:\n"
    "            self.items = [line.split(', ') for line in f]\n"
    "    def __len__(self):\n"
    "        return len(self.items)\n"
    "    def __getitem__(self, i):\n"
    "        path, fine, coarse = self.items[i]\n"
    "        image = Image.open(os.path.join(self.root, path)).convert('RGB')\n"
    "        return 2 * self.transform(image) - 1, int(coarse)\n"
    "DATA = '/content/GroceryStoreDataset/dataset'\n"
    "tf = transforms.Compose([transforms.Resize((16, 16)), transforms.ToTensor()])\n"
    "test_set = Grocery(DATA, 'test', tf)\n"
)


def grocery(box, make, count=5):
    files = [make["jpeg"](20 + 3 * i, i, "PNG") for i in range(count)]
    box.give("grocery/test", files, "grocery", encoding="encoded")
    return files


def resized(files, side):
    import io

    from PIL import Image
    from torchvision.transforms import functional

    images = [Image.open(io.BytesIO(file)).convert("RGB").resize((side, side), 2) for file in files]
    return torch.stack([functional.to_tensor(image) for image in images])


def test_pictures_of_many_sizes_through_the_students_dataset_class(box, make):
    files, net = grocery(box, make), colour(box)
    box.notebook(IMPORTS + COLOUR, GROCERY)
    answer = predict(
        box, dataset="grocery/test", outputs=5, roles=[dataset("grocery", "Grocery", split="test")]
    )
    assert "Grocery(" in answer.payload.preprocessing
    assert np.allclose(answer.arrays["scores"], net(2 * resized(files, 16) - 1), atol=1e-4)


def test_a_class_that_sorts_its_pictures_is_put_back_in_order(box, make):
    files, net = grocery(box, make, 12), colour(box)
    code = GROCERY.replace("for line in f]", "for line in f][::-1]")
    box.notebook(IMPORTS + COLOUR, code)
    answer = predict(
        box, dataset="grocery/test", outputs=5, roles=[dataset("grocery", "Grocery", split="test")]
    )
    assert np.allclose(answer.arrays["scores"], net(2 * resized(files, 16) - 1), atol=1e-4)


def test_without_a_role_the_transform_alone_is_applied(box, make):
    files, net = grocery(box, make), colour(box)
    box.notebook(IMPORTS + COLOUR, GROCERY)
    answer = predict(box, dataset="grocery/test", outputs=5)
    assert "transform" in answer.payload.preprocessing
    assert np.allclose(answer.arrays["scores"], net(resized(files, 16)), atol=1e-4)


def test_a_wrapper_of_a_torchvision_class_reads_the_graders_pictures(box, make):
    images = make["images"](6, 32, 3, seed=2)
    box.give("svhn/test", images, "torchvision.SVHN")
    net = colour(box)
    box.notebook(
        IMPORTS + COLOUR + "class House(Dataset):\n"
        "    def __init__(self, mode):\n"
        "        from scipy.io import loadmat\n"
        "        self.x = loadmat(f'/home/me/{mode}_32x32.mat')['X'] / 255.0 - 0.5\n"
        "    def __len__(self):\n"
        "        return self.x.shape[-1]\n"
        "    def __getitem__(self, i):\n"
        "        return torch.tensor(self.x[..., i].transpose(2, 0, 1)).float(), 0\n"
        "train, test = House('train'), House('test')\n"
    )
    answer = predict(
        box,
        dataset="svhn/test",
        outputs=5,
        roles=[dataset("torchvision.SVHN", "House", mode="test")],
    )
    x = torch.from_numpy(images).permute(0, 3, 1, 2) / 255 - 0.5
    assert "House(" in answer.payload.preprocessing
    assert np.allclose(answer.arrays["scores"], net(x), atol=1e-4)


def test_image_folders_in_a_dict_of_splits(box, make):
    files = [make["jpeg"](40, i, "PNG") for i in range(4)]
    box.give("imagenette/val", files, "torchvision.Imagenette", encoding="encoded")
    net = colour(box)
    box.notebook(
        IMPORTS + "import os\n" + COLOUR,
        "data_transforms = {\n"
        " 'train': transforms.Compose([transforms.RandomResizedCrop(8), transforms.ToTensor()]),\n"
        " 'val': transforms.Compose([transforms.Resize((8, 8)), transforms.ToTensor()])}\n"
        "data = {x: datasets.ImageFolder(os.path.join('imagenette2', x), data_transforms[x])\n"
        "        for x in ['train', 'val']}\n"
        "model = Net()",
    )
    answer = predict(box, dataset="imagenette/val", outputs=5)
    assert np.allclose(answer.arrays["scores"], net(resized(files, 8)), atol=1e-4)


def test_without_any_preprocessing_the_nets_own_shape_decides(box, make):
    files = grocery(box, make)
    layer = linear(box)
    box.notebook(IMPORTS + FLAT)
    answer = predict(box, dataset="grocery/test")
    assert answer.arrays["scores"].shape == (5, 10)
    assert "grey" in answer.payload.preprocessing
    assert "28x28" in answer.payload.preprocessing
    assert layer.weight.shape == (10, 784)
    assert len(files) == 5


def test_a_net_that_takes_none_of_them_is_told_what_was_expected(box, make):
    box.save("net.pt", {"fc.weight": torch.zeros(10, 77), "fc.bias": torch.zeros(10)})
    mnist(box, make)
    box.notebook(IMPORTS + FLAT.replace("784", "77"))
    assert predict(box).header["state"] == "student_fault"


def test_after_a_run_the_datasets_that_are_alive_say_it(full, make):
    flat = mnist(full, make)
    full.notebook(
        IMPORTS + FLAT + "def chain(mean):\n"
        "    return transforms.Compose([transforms.ToTensor(), transforms.Normalize((mean,), (.25,))])\n"
        "model = Net()\nloaders = DataLoader(datasets.MNIST('d', train=False, transform=chain(.5)))\n"
    )
    run = {"wall_seconds": 60.0, "cell_seconds": 30.0, "optimizer_steps": 9}
    params = {"role": role(names=["model"]), "dataset": "mnist/test", "source": "live"}
    execute, answer = full.ask(
        ("execute", {**run, "batches_per_loader": 5, "forbid": []}),
        ("predict", {**params, "preprocess": []}),
    )
    assert not execute.errors
    assert "loaders.transform" in answer.payload.preprocessing
    assert answer.arrays["scores"].shape == (len(flat), 10)
