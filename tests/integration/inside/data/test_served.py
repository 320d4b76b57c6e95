"""Student code finds the datasets at hand, whatever constructor, path or download it uses."""

# ruff: noqa: E501 - URLs and lines as students write them

import pytest

TV = "from torchvision import datasets, transforms\n"


def ran(answer):
    assert answer.payload.finished, (answer.errors, answer.codes)
    assert not answer.errors, answer.errors
    return answer


@pytest.mark.parametrize(
    ("call", "length", "kind"),
    [
        ("datasets.MNIST('./data', train=True, download=True)", 20, "MNIST"),
        ("datasets.MNIST(root='/content/x', train=False, download=True)", 10, "MNIST"),
        ("datasets.MNIST('/', False, transforms.ToTensor(), None, True)", 10, "MNIST"),
        ("datasets.FashionMNIST('', download=True)", 30, "FashionMNIST"),
        ("datasets.CIFAR10('C:\\\\data', train=False, download=False)", 4, "CIFAR10"),
        ("datasets.CIFAR10(root='data', train=True, download=True)", 20, "CIFAR10"),
        ("datasets.SVHN('.', split='train', download=True)", 12, "SVHN"),
        ("datasets.SVHN('/kaggle/input', 'test')", 6, "SVHN"),
        ("datasets.Imagenette('~/d', split='val', size='320px', download=True)", 10, "Imagenette"),
        ("datasets.Imagenette('d')", 20, "Imagenette"),
    ],
)
def test_torchvisions_constructors_read_the_copy_at_hand(full, call, length, kind):
    answer = ran(full.execute(f"{TV}d = {call}\nx, y = d[0]\nprint(len(d), type(y).__name__)"))
    assert answer.output == f"{length} int\n"
    remark = answer.remark("shim.data")
    assert kind in remark.message
    assert str(remark.place) == "hw.ipynb, cell 1, line 2"
    assert ("data.partial" in answer.codes) == (kind == "CIFAR10")


def test_a_partial_copy_says_so_in_its_own_words(full):
    answer = full.execute(f"{TV}datasets.CIFAR10('x', download=True)")
    assert answer.remark("data.partial").message == "Only 24 pictures of CIFAR-10."


def test_subclasses_and_wrappers_come_along(full):
    answer = ran(
        full.execute(
            f"{TV}from torch.utils.data import Dataset\n"
            "class Fives(datasets.MNIST):\n"
            "    def __init__(self, root, **kw):\n"
            "        super().__init__(root, **kw)\n"
            "        self.data = self.data[self.targets == 5]\n"
            "class Wrapped(Dataset):\n"
            "    def __init__(self, path):\n"
            "        self.inner = datasets.SVHN(path, split='test', download=True)\n"
            "    def __len__(self):\n"
            "        return len(self.inner)\n"
            "print(len(Fives('data', train=True, download=True)), len(Wrapped('svhn')))"
        )
    )
    assert answer.output == "2 6\n"


def test_the_dataset_prints_as_on_the_students_machine(full):
    answer = ran(full.execute(f"{TV}print(datasets.MNIST('./data', download=True))"))
    assert "Root location: ./data" in answer.output
    assert str(full.data) not in answer.output


def test_other_datasets_of_the_same_base_class_are_not_mixed_up(full):
    answer = full.execute(f"{TV}datasets.KMNIST('data', download=True)")
    assert answer.errors[0][1] in {"DatasetMissing", "dataset_missing", "RuntimeError"}
    assert "shim.data" not in answer.codes


def test_svhns_extra_split_is_refused_by_name(full):
    answer = full.execute(f"{TV}datasets.SVHN('data', split='extra', download=True)")
    assert "extra split is not among the data" in answer.errors[0][2]


def test_what_is_not_served_is_a_named_cause_as_before(box):
    answer = box.execute(f"{TV}datasets.MNIST('data', download=True)")
    assert "no network" in answer.errors[0][2]
    assert "shim.data" not in answer.codes


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        (
            "from scipy.io import loadmat\nprint(loadmat('/content/x/train_32x32.mat')['X'].shape)",
            "(32, 32, 3, 12)",
        ),
        ("import os\nprint(os.path.exists('D:/svhn/test_32x32.mat'))", "True"),
        (
            (
                "import pickle\nd = pickle.load(open('cifar-10-batches-py/data_batch_1', 'rb'),"
                " encoding='bytes')\nprint(len(d['labels']))"
            ),
            "4",
        ),
        (
            "import pickle\nd = pickle.load(open('/a/b/test_batch', 'rb'))\nprint(len(d['data']))",
            "4",
        ),
        (
            (
                "import pandas as pd\nprint(pd.read_csv('/content/GroceryStoreDataset/dataset/"
                "classes.csv').shape)"
            ),
            "(2, 4)",
        ),
        ("print(len(open('/kaggle/input/grocery/dataset/val.txt').readlines()))", "3"),
        ("import gzip\nprint(len(gzip.open('mnist/t10k-labels-idx1-ubyte.gz').read()))", "18"),
        ("print(len(open('fashion/t10k-labels-idx1-ubyte', 'rb').read()))", "23"),
        ("print(len(open('data/t10k-labels.idx1-ubyte', 'rb').read()))", "18"),
        (
            (
                "from PIL import Image\nprint(Image.open('GroceryStoreDataset-master/dataset/test/Fruit/"
                "Apple/Apple_003.jpg').size)"
            ),
            "(24, 24)",
        ),
        ("import os\nprint(sorted(os.listdir('/content/imagenette2-160')))", "['train', 'val']"),
        ("import glob\nprint(len(glob.glob('imagenette2/train/*/*.JPEG')))", "20"),
        (
            "from pathlib import Path\nprint(len(list(Path('/x/imagenette2-320/val').iterdir())))",
            "10",
        ),
        (
            (
                "from torchvision.datasets import ImageFolder\nd = ImageFolder('/content/data/imagenette2"
                "/train')\nprint(len(d), len(d.classes), d[0][0].size)"
            ),
            "20 10 (40, 40)",
        ),
        (
            "from torchvision.datasets import ImageFolder\nprint(len(ImageFolder('../data/val')))",
            "10",
        ),
        (
            (
                "from torchvision.io import read_image\nprint(tuple(read_image('GroceryStoreDataset/"
                "dataset/train/Fruit/Apple/Apple_000.jpg').shape))"
            ),
            "(3, 24, 24)",
        ),
    ],
)
def test_files_and_folders_are_found_by_name(full, code, printed):
    answer = ran(full.execute(code))
    assert answer.output.strip() == printed
    assert "shim.data" in answer.codes


def test_submitted_files_come_first(full):
    full.write("data/train.txt", "mine\n")
    answer = ran(full.execute("print(open('/content/train.txt').read())"))
    assert answer.output.strip() == "mine"
    assert "shim.data" not in answer.codes


def test_a_missing_folder_of_a_common_name_stays_missing(full):
    answer = ran(full.execute("import os\nprint(os.path.exists('test'), os.path.exists('data'))"))
    assert answer.output == "False False\n"


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        (
            (
                "import urllib.request\nurllib.request.urlretrieve('http://ufldl.stanford.edu/housenumbers"
                "/train_32x32.mat', 'svhn.mat')\nfrom scipy.io import loadmat\n"
                "print(loadmat('svhn.mat')['y'].shape)"
            ),
            "(12, 1)",
        ),
        (
            (
                "!wget -q http://ufldl.stanford.edu/housenumbers/test_32x32.mat -P raw\nimport os\n"
                "print(os.listdir('raw'))"
            ),
            "['test_32x32.mat']",
        ),
        (
            "!curl -sL -o t.mat http://x.org/test_32x32.mat\nimport os\nprint(os.path.exists('t.mat'))",
            "True",
        ),
        (
            (
                "!wget https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz\n"
                "!tar -xzf cifar-10-python.tar.gz\nimport os\n"
                "print(len(os.listdir('cifar-10-batches-py')))"
            ),
            "7",
        ),
        (
            (
                "import urllib.request, tarfile\n"
                "urllib.request.urlretrieve('https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz'"
                ", 'x.tgz')\nwith tarfile.open('x.tgz', 'r:gz') as t: t.extractall('d')\nimport os\n"
                "print(os.listdir('d/imagenette2-160'))"
            ),
            "['train', 'val']",
        ),
        (
            (
                "!git clone https://github.com/marcusklasson/GroceryStoreDataset.git\nimport os\n"
                "print(os.path.exists('GroceryStoreDataset/dataset/train.txt'))"
            ),
            "True",
        ),
        (
            (
                "!cd /content && git clone --depth 1 https://github.com/marcusklasson/GroceryStoreDataset"
                "\nprint(len(open('/content/GroceryStoreDataset/dataset/test.txt').readlines()))"
            ),
            "4",
        ),
        (
            (
                "import os\nos.system('git clone https://github.com/marcusklasson/GroceryStoreDataset g')\n"
                "print(sorted(os.listdir('g')))"
            ),
            "['dataset']",
        ),
        (
            (
                "import subprocess\nsubprocess.run(['git', 'clone', 'https://github.com/marcusklasson/"
                "GroceryStoreDataset.git'], check=True)\nopen('GroceryStoreDataset/mine.txt', 'w')"
                ".write('x')\nprint('written')"
            ),
            "written",
        ),
        (
            (
                "!unzip -q '/content/drive/My Drive/GroceryStoreDataset.zip' -d here\nimport os\n"
                "print(os.listdir('here/GroceryStoreDataset'))"
            ),
            "['dataset']",
        ),
        (
            (
                "import gzip, urllib.request\nwith urllib.request.urlopen('http://yann.lecun.com/exdb/mnist"
                "/t10k-labels-idx1-ubyte.gz') as r: print(len(gzip.decompress(r.read())))"
            ),
            "18",
        ),
        (
            (
                "import requests\nr = requests.get('https://x.org/train_32x32.mat')\nopen('a.mat','wb')"
                ".write(r.content)\nfrom scipy.io import loadmat\nprint(loadmat('a.mat')['X'].shape)"
            ),
            "(32, 32, 3, 12)",
        ),
        (
            (
                "from torchvision.datasets.utils import download_and_extract_archive as d\n"
                "d('https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz', 'dl')\nimport os\n"
                "print(os.path.exists('dl/cifar-10-batches-py/test_batch'))"
            ),
            "True",
        ),
    ],
)
def test_downloads_of_what_is_at_hand_do_nothing_and_the_data_is_found(full, code, printed):
    answer = ran(full.execute(code))
    assert answer.output.strip().splitlines()[-1] == printed
    assert "shim.data" in answer.codes


def test_other_downloads_fail_as_they_did(full):
    answer = full.execute(
        "import urllib.request\nurllib.request.urlretrieve('http://localhost:9/my_weights.pt', 'w')"
    )
    assert answer.errors[0][1] != ""
    assert "shim.data" not in answer.codes


def test_archives_of_the_students_own_are_unpacked_as_ever(full):
    answer = ran(
        full.execute(
            "import zipfile, tarfile\nwith zipfile.ZipFile('a.zip', 'w') as z: z.writestr('t', 'x')\n"
            "with zipfile.ZipFile('a.zip') as z: z.extractall('out')\n"
            "with tarfile.open('a.tar', 'w') as t: t.add('out/t')\n"
            "print(tarfile.open('a.tar').getnames(), open('out/t').read())"
        )
    )
    assert answer.output == "['out/t'] x\n"


def test_the_copy_itself_is_never_written(full):
    answer = ran(
        full.execute(
            "import urllib.request\n"
            "urllib.request.urlretrieve('http://a/train_32x32.mat', 'm.mat')\n"
            "open('m.mat', 'w').write('mine')\nprint(open('m.mat').read())"
        )
    )
    assert answer.output == "mine\n"
    assert (full.data / "svhn" / "train_32x32.mat").stat().st_size > 1000
