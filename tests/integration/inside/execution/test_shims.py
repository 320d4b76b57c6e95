"""Code written for another machine, or for older libraries, runs; each use is a remark."""

import sys

import pytest


def one_use(ran, code, place="hw.ipynb, cell 1, line 2"):
    """The run finished, and this shim was used at this place."""
    assert ran.execution.finished, (ran.errors, ran.codes)
    assert str(ran.remark(code).place) == place


@pytest.mark.parametrize(
    "line",
    [
        "print(torch.zeros(2).cuda().device)",
        "print(torch.nn.Linear(2, 2).cuda().weight.device)",
        "print(torch.zeros(2).to('cuda').device)",
        "print(torch.zeros(2).to(torch.device('cuda:0'), torch.float32).device)",
        "print(torch.nn.Linear(2, 2).to(device='cuda').weight.device)",
        "print(torch.zeros(2, device='cuda').device)",
        "print(torch.randn(2, device=torch.device('cuda')).device)",
        "print(torch.zeros(2).new_zeros(3, device='cuda').device)",
        "print(torch.nn.Linear(2, 2, device='cuda').weight.device)",
        "print(torch.cuda.FloatTensor([1.0]).device)",
        "print(torch.zeros(2).type('torch.cuda.FloatTensor').device)",
        "torch.set_default_tensor_type('torch.cuda.FloatTensor'); print(torch.zeros(1).device)",
        "torch.set_default_device('cuda'); print(torch.zeros(1).device)",
        "print(torch.randperm(3, generator=torch.Generator('cuda')).device)",
        "torch.cuda.synchronize(); print('cpu')",
        "torch.cuda.ipc_collect(); print('cpu' + torch.cuda.memory_summary())",
        "with torch.cuda.device(0): print('cpu', len(torch.cuda.get_rng_state()) > 0)",
        "s = torch.cuda.Stream(); s.wait_stream(torch.cuda.current_stream()); print('cpu')",
        "with torch.cuda.stream(torch.cuda.Stream()): print(torch.zeros(1).cuda().device)",
        "torch.cuda.set_device(0); print('cpu', torch.cuda.get_device_name(0))",
    ],
)
def test_a_gpu_means_the_cpu(execute, line):
    ran = execute(f"import torch\n{line}")
    one_use(ran, "shim.cuda")
    assert ran.output.startswith("cpu")


def test_no_gpu_is_pretended(execute):
    ran = execute(
        "import torch\nprint(torch.cuda.is_available(), torch.cuda.device_count())\n"
        "device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')\n"
        "print(torch.zeros(1).to(device).device)"
    )
    assert ran.output == "False 0\ncpu\n"
    assert ran.codes == []


def test_mixed_precision_and_data_parallel_train_on_the_cpu(execute):
    ran = execute(
        "import torch\nnet = torch.nn.DataParallel(torch.nn.Linear(2, 1)).cuda()\n"
        "opt = torch.optim.SGD(net.parameters(), lr=.1)\nscaler = torch.cuda.amp.GradScaler()\n"
        "with torch.cuda.amp.autocast():\n    loss = net(torch.ones(1, 2).cuda()).sum()\n"
        "scaler.scale(loss).backward(); scaler.step(opt); scaler.update()\n"
        "print(sorted(net.state_dict()))"
    )
    assert ran.execution.finished, ran.errors
    assert "['module.bias', 'module.weight']" in ran.output
    assert ran.execution.optimizer_steps == 1


def test_whole_pickles_and_cuda_map_locations_load(execute):
    ran = execute(
        "import torch\nclass Net(torch.nn.Linear): pass\ntorch.save(Net(2, 2), 'net.pt')",
        "a = torch.load('net.pt')\nb = torch.load('net.pt', map_location='cuda')\n"
        "c = torch.load('net.pt', map_location=torch.device('cuda:0'))\n"
        "d = torch.load('net.pt', map_location=lambda s, l: s.cuda())\n"
        "with open('net.pt', 'rb') as f: e = torch.load(f, map_location={'cuda:0': 'cuda:1'})\n"
        "print(b.weight.device)",
    )
    one_use(ran, "compat.torch_load", "hw.ipynb, cell 2, line 1")
    assert ran.output == "cpu\n"


def test_asking_for_tensors_only_is_left_as_asked(execute):
    ran = execute(
        "import torch\nclass Net(torch.nn.Linear): pass\ntorch.save(Net(2, 2), 'net.pt')\n"
        "torch.load('net.pt', weights_only=True)"
    )
    assert ran.execution.cells[0].error_kind == "UnpicklingError"


def test_colab(execute):
    ran = execute(
        "import os\nfrom google.colab import drive, files, userdata\n"
        "drive.mount('/content/drive')\n"
        "import google.colab\nuserdata.get('KEY'); files.download('x')\n"
        "up = files.upload()\nprint(up['data.csv'])\n"
        "print(open('/content/drive/MyDrive/Colab Notebooks/data.csv').read())\n"
        "import sys; print('google.colab' in sys.modules)",
        files={"data.csv": "1,2"},
    )
    one_use(ran, "shim.colab")
    assert ran.output == "Mounted at /content/drive\nb'1,2'\n1,2\nTrue\n"


@pytest.mark.parametrize(
    "line",
    [
        "print(open('/content/gdrive/MyDrive/hw/data.csv').read())",
        "import pathlib; print(pathlib.Path('/kaggle/input/x/data.csv').read_text())",
        r"print(open('C:\\Users\\me\\data.csv').read())",
        "print(open('../data/data.csv').read())",
        "print(open(os.path.expanduser('~/hw/data.csv')).read())",
        "import numpy as np; print(*np.loadtxt('/content/data.csv', int, delimiter=','), sep=',')",
        "import pandas as pd; print(*pd.read_csv('/content/data.csv').columns, sep=',')",
        "print('1,2' if os.path.exists('/content/data.csv') else 'no')",
        "import shutil; shutil.copy('/content/data.csv', 'b.csv'); print(open('b.csv').read())",
        "import glob; print('1,2' if 'data.csv' in os.listdir('/content/drive/given') else '')",
    ],
)
def test_a_read_from_elsewhere_finds_the_submitted_file(execute, line):
    ran = execute(f"import os\n{line}", files={"given/data.csv": "1,2", "hw.md": ""})
    one_use(ran, "shim.path")
    assert ran.output == "1,2\n"


@pytest.mark.parametrize(
    "line",
    [
        "open('/content/out/a.txt', 'w').write('x'); print(open('/content/out/a.txt').read())",
        r"open('D:\\out\\a.txt', 'w').write('x'); print(open('D:\\out\\a.txt').read())",
        (
            "os.makedirs('/content/out', exist_ok=True); open('/content/out/a', 'w').write('x');"
            " print('x' if os.listdir('/content/out') == ['a'] else '')"
        ),
        "open('results/a.txt', 'w').write('x'); print(open('results/a.txt').read())",
        (
            "import pathlib; p = pathlib.Path('/kaggle/a'); p.mkdir(parents=True, exist_ok=True);"
            " (p / 'b').write_text('x'); print((p / 'b').read_text())"
        ),
        (
            "import torch; torch.save({'a': 'x'}, '/content/models/net.pt');"
            " print(torch.load('/content/models/net.pt')['a'])"
        ),
        "import torch; torch.save({'a': 'x'}, 'new/net.pt'); print(torch.load('new/net.pt')['a'])",
        (
            "import numpy as np; np.save('/content/a.npy', np.array(['x']));"
            " print(np.load('/content/a.npy')[0])"
        ),
        (
            "import matplotlib.pyplot as plt; plt.plot([1]); plt.savefig('/content/figs/a.png');"
            " print('x' if os.path.exists('/content/figs/a.png') else '')"
        ),
        (
            "open('/content/a', 'w').write('x'); os.rename('/content/a', '/content/b');"
            " print(open('/content/b').read()); os.remove('/content/b')"
        ),
    ],
)
def test_a_write_elsewhere_goes_to_the_scratch_space(execute, line):
    ran = execute(f"import os\n{line}")
    one_use(ran, "shim.path")
    assert ran.output == "x\n"


def test_a_file_that_is_nowhere_is_named_with_a_hint(execute):
    ran = execute("open('/content/drive/MyDrive/missing.csv')")
    assert ran.execution.cells[0].error_kind == "FileNotFoundError"
    assert "missing.csv" in ran.remark("execute.FileNotFoundError").message


def test_a_large_submitted_file_is_linked_and_a_write_leaves_it_alone(execute, tmp_path):
    big = b"x" * (17 * 1024**2)
    ran = execute(
        "import os\nprint(os.path.islink('big.pt'), len(open('big.pt', 'rb').read()))\n"
        "open('big.pt', 'w').write('new')\nprint(open('big.pt').read())",
        files={"big.pt": big},
    )
    assert ran.output == f"True {len(big)}\nnew\n"
    assert (tmp_path / "submission" / "big.pt").stat().st_size == len(big)


@pytest.mark.parametrize(
    ("line", "code", "output"),
    [
        ("print(np.float(1), np.int(2), np.bool(1), np.str)", "compat.numpy_float", "1.0 2 True"),
        ("print(np.product([2, 3]), np.Inf, np.float_(1), np.in1d([1], [1]))", "compat.numpy_product", "6 inf"),  # noqa: E501
        ("import collections; print(isinstance({}, collections.Mapping))", "compat.collections_Mapping", "True"),  # noqa: E501
        ("from collections import Iterable; print(Iterable.__name__)", "compat.collections_Iterable", "Iter"),  # noqa: E501
        ("import time; print(time.clock() > 0)", "compat.time_clock", "True"),
        ("import pandas as pd; print(len(pd.DataFrame({'a': [1]}).append({'a': 2}, ignore_index=True)))", "compat.dataframe_append", "2"),  # noqa: E501
        ("import pandas as pd; print([k for k, v in pd.DataFrame({'a': [1]}).iteritems()])", "compat.iteritems", "['a']"),  # noqa: E501
        ("from PIL import Image; print(Image.ANTIALIAS == Image.LANCZOS)", "compat.Image_ANTIALIAS", "True"),  # noqa: E501
        ("import matplotlib.pyplot as plt; plt.style.use('seaborn'); print('ok')", "compat.style", "ok"),  # noqa: E501
        ("import matplotlib.pyplot as plt; plt.style.use('seaborn-whitegrid'); print('ok')", "compat.style", "ok"),  # noqa: E501
        ("import matplotlib.pyplot as plt; print(plt.cm.get_cmap('jet', 3).N)", "compat.cm_get_cmap", "3"),  # noqa: E501
        ("import matplotlib.pyplot as plt; print(len(plt.hist([1, 2], normed=True)))", "compat.hist", "3"),  # noqa: E501
        ("import matplotlib; matplotlib.use('TkAgg'); import matplotlib.pyplot as p; p.plot([1]); print(1)", "shim.backend", "1"),  # noqa: E501
        ("from sklearn.preprocessing import OneHotEncoder as O; print(O(sparse=False).fit_transform([[1]]))", "compat.sklearn", "[[1.]]"),  # noqa: E501
        ("import torch; print(torch.lstsq(torch.eye(2), torch.eye(2)).solution.trace())", "compat.torch_lstsq", "tensor(2.)"),  # noqa: E501
        ("import torch; print(torch.symeig(torch.eye(2), eigenvectors=True)[0])", "compat.torch_symeig", "tensor([1., 1.])"),  # noqa: E501
        ("import torch; o = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1); print(type(torch.optim.lr_scheduler.ReduceLROnPlateau(o, verbose=True)).__name__)", "compat.verbose", "ReduceLROnPlateau"),  # noqa: E501
        ("import torch; o = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1); print(type(torch.optim.lr_scheduler.StepLR(o, 1, verbose=False)).__name__)", "compat.verbose", "StepLR"),  # noqa: E501
        ("import torch; print(torch.compile(torch.nn.Linear(1, 1)))", "shim.compile", "Linear"),
        ("from torch.utils.data import DataLoader as D; print(D([1, 2], num_workers=4, persistent_workers=True, prefetch_factor=2).num_workers)", "shim.workers", "0"),  # noqa: E501
        ("from torch.utils.data import DataLoader as D; print(D([1, 2], 1, False, None, None, 4).num_workers)", None, "0"),  # noqa: E501
        ("from torchvision import transforms; print(transforms.Scale(8).size)", "compat.transforms_Scale", "8"),  # noqa: E501
        ("from torch._six import string_classes; print(string_classes[0])", None, "<class 'str'>"),
    ],
)  # fmt: skip
def test_removed_names_still_work(execute, line, code, output):
    ran = execute(f"import numpy as np\n{line}")
    assert ran.execution.finished, ran.errors
    if code is not None:
        one_use(ran, code)
    assert ran.output.startswith(output)


@pytest.mark.parametrize(
    ("line", "stub", "output"),
    [
        ("from tqdm import tqdm; print(sum(tqdm(range(4))))", "tqdm", "6"),
        ("from tqdm.notebook import tqdm, trange; print(sum(trange(4)))", "tqdm", "6"),
        ("import tqdm; print(sum(tqdm.tqdm(range(4))), sum(tqdm.notebook.tqdm(range(3))))", "tqdm", "6 3"),  # noqa: E501
        ("from torchsummary import summary; summary(torch.nn.Linear(2, 2), (2,)); print(1)", "torchsummary", "Linear"),  # noqa: E501
        ("import wandb; wandb.init(project='x', config={'lr': 1}); wandb.log({'a': 1}); print(wandb.config.lr)", "wandb", "1"),  # noqa: E501
        ("from torch.utils.tensorboard import SummaryWriter; SummaryWriter().add_scalar('a', 1, 1); print(1)", "torch.utils.tensorboard", "1"),  # noqa: E501
        ("from tensorboardX import SummaryWriter; SummaryWriter('x').close(); print(1)", "tensorboardX", "1"),  # noqa: E501
        ("from livelossplot import PlotLosses; p = PlotLosses(); p.update({}); p.send(); print(1)", "livelossplot", "1"),  # noqa: E501
        ("from comet_ml import Experiment; e = Experiment(api_key='x'); e.log_metric('a', 1); print(1)", "comet_ml", "1"),  # noqa: E501
        ("from torchviz import make_dot; make_dot(torch.zeros(1)).render('x'); print(1)", "torchviz", "1"),  # noqa: E501
        ("import importlib; t = importlib.import_module('tqdm'); print(sum(t.tqdm([1])))", "tqdm", "1"),  # noqa: E501
    ],
)  # fmt: skip
def test_cosmetic_packages_are_stubbed_and_named(execute, line, stub, output):
    pytest.importorskip("torch")
    import importlib.util

    top = "tensorboard" if stub == "torch.utils.tensorboard" else stub
    if importlib.util.find_spec(top) is not None:
        pytest.skip(f"{top} is installed here, so nothing stands in for it")
    ran = execute(f"import torch\n{line}")
    one_use(ran, f"stub.{stub}")
    assert ran.execution.stubbed_packages == (stub,)
    assert ran.output.startswith(output)


def test_a_stubbed_seaborn_still_draws(execute):
    import importlib.util

    if importlib.util.find_spec("seaborn") is not None:
        pytest.skip("seaborn is installed here")
    ran = execute(
        "import seaborn as sns, numpy as np, matplotlib.pyplot as plt\nsns.set_theme(style='dark')",
        "sns.heatmap(np.eye(3), annot=True, xticklabels=list('abc')); plt.title('confusion')",
        "sns.lineplot(x=[1, 2, 3], y=[3, 2, 1], label='loss')",
    )
    first, second = ran.execution.figures
    assert (first.axes[0].title, first.axes[0].images) == ("confusion", 1)
    assert second.axes[0].lines[0].y == (3.0, 2.0, 1.0)


def test_a_missing_package_is_named_and_can_still_be_caught(execute):
    ran = execute(
        "try:\n    import cupy\nexcept ImportError:\n    print('without')", "import lightning"
    )
    cell = ran.execution.cells[1]
    assert ran.output == "without\n"
    assert (cell.error_kind, cell.line) == ("missing_package", 1)
    assert "'lightning'" in cell.error
    assert str(ran.remark("execute.missing_package").place) == "hw.ipynb, cell 2, line 1"


def test_another_framework_is_named(execute):
    for line in ("import tensorflow as tf", "from tensorflow import keras", "import keras"):
        ran = execute("x = 1", line)
        assert ran.execution.cells[1].error_kind == "wrong_framework"


def test_a_fault_in_the_definitions_path_is_named_too(execute):
    ran = execute(files={"readme.txt": ""}, requests=[])
    assert ran.header["state"] == "student_fault"


@pytest.mark.parametrize(
    "line",
    [
        "import torchvision; torchvision.datasets.MNIST('data', download=True)",
        "import torchvision; torchvision.datasets.SVHN('/content', download=False)",
        "from torchvision.datasets import CIFAR10 as C; C(root='./data', download=True)",
    ],
)
def test_data_that_would_be_downloaded_is_named(execute, line):
    ran = execute(line)
    assert ran.execution.cells[0].error_kind == "dataset_missing"
    assert "no network" in ran.remark("execute.dataset_missing").message


def test_pretrained_weights_are_taken_from_the_submission_or_named(execute):
    line = "import torchvision\ntorchvision.models.resnet18(pretrained=True)"
    assert execute(line).execution.cells[0].error_kind == "pretrained_weights_missing"


def test_shims_cost_little_and_import_nothing_heavy(execute):
    # the step is forked from this process: what other tests imported here says nothing
    heavy = [m for m in ("pandas", "sklearn", "torchvision", "scipy") if m not in sys.modules]
    ran = execute(f"import sys\nprint([m for m in {heavy!r} if m in sys.modules])")
    assert ran.output == "[]\n"


POOLING = """
import traceback, warnings
import torch, torch.nn as nn, torch.nn.functional as F
warnings.simplefilter("ignore")
counted, maximum = [0], torch.maximum
def counting(a, b):
    counted[0] += 1
    return maximum(a, b)
torch.maximum = counting
x = torch.randn(3, 4, 9, 12).round(decimals=1)
x[0, 0, 0, 0], x[1, 1, 2:6, 2:6] = float("nan"), -float("inf")
"""


@pytest.mark.parametrize("layout", ["contiguous_format", "channels_last"])
@pytest.mark.parametrize(
    ("settings", "maxima"),
    [
        ("2", 3),
        ("(2, 2), 2", 3),
        ("(1, 3)", 2),
        ("3, 2", 8),
        ("2, (3, 1)", 3),
        ("3, 2, 1", 0),
        ("2, 2, 0, 2", 0),
        ("2, ceil_mode=True", 0),
        ("5", 0),
        ("2, return_indices=True", 0),
    ],
)
def test_pooling_without_gradients_gives_what_torch_gives(execute, settings, maxima, layout):
    ran = execute(
        f"{POOLING}x = x.contiguous(memory_format=torch.{layout})\n"
        f"pool = nn.MaxPool2d({settings})\n"
        "first = lambda y: y[0] if isinstance(y, tuple) else y\n"
        "theirs = first(pool(x.clone().requires_grad_()))\n"
        "assert not counted[0] and theirs.requires_grad\n"
        "ours = first(pool(x))\n"
        "with torch.no_grad(): assert first(pool(x.clone().requires_grad_())).isnan().any()\n"
        "assert torch.equal(theirs.isnan(), ours.isnan()) and theirs.isnan().any()\n"
        "assert torch.equal(theirs.nan_to_num(7), ours.nan_to_num(7))\n"
        "assert theirs.stride() == ours.stride()\n"
        "print(counted[0] / 2)"
    )
    assert ran.output == f"{maxima:.1f}\n", ran.errors


def test_pooling_leaves_to_torch_what_slices_do_otherwise(execute):
    ran = execute(
        f"{POOLING}from torch.autograd import forward_ad\n"
        "x = torch.randn(3, 4, 9, 12)\n"
        "one = F.max_pool2d(x, 1)\n"
        "assert one.data_ptr() != x.data_ptr()\n"
        "F.max_pool2d(x, 1, 2).view(3, -1)\n"
        "for order in ((1, 2, 0, 3), (3, 2, 0, 1), (0, 1, 3, 2)):\n"
        "    odd = torch.randn(5, 6, 7, 8).permute(order)\n"
        "    theirs = F.max_pool2d(odd.clone().requires_grad_(), 2)\n"
        "    assert F.max_pool2d(odd, 2).view(-1).equal(theirs.reshape(-1))\n"
        "torch.max_pool2d(input=x, kernel_size=2)\n"
        "torch.max_pool2d(torch.quantize_per_tensor(x, 0.1, 0, torch.quint8), 2)\n"
        "torch.func.vmap(lambda one: F.max_pool2d(one, 2))(torch.randn(2, 3, 4, 8, 8))\n"
        "with forward_ad.dual_level():\n"
        "    tied, slope = torch.zeros(1, 1, 2, 2), torch.arange(4.).view(1, 1, 2, 2)\n"
        "    dual = F.max_pool2d(forward_ad.make_dual(tied, slope), 2)\n"
        "    assert forward_ad.unpack_dual(dual).tangent.item() in range(4)\n"
        "assert not counted[0]\n"
        "for wrong in ((True,), ([True, 2],), (2, 2, 0, 1, False, 7), (2, 2, 0, 1, 0.5)):\n"
        "    try: torch.max_pool2d(x, *wrong)\n"
        "    except TypeError as error: assert '_fitting' not in str(error)\n"
        "    else: print('accepted', wrong)\n"
        "assert F.max_pool2d(x, 2).equal(torch.max_pool2d(x, [2])) and counted[0]\n"
        "print('same')"
    )
    assert ran.output == "same\n", ran.errors


def test_pooling_raises_as_torch_does_and_is_scripted_and_traced(execute):
    ran = execute(
        f"{POOLING}"
        "net = nn.Sequential(nn.Conv2d(4, 2, 3), nn.MaxPool2d(2))\n"
        "x = torch.ones(1, 4, 8, 8)\n"
        "with torch.no_grad():\n"
        "    for made in (torch.jit.script(net), torch.jit.trace(net, x)):\n"
        "        assert torch.equal(made(x), net(x)) and 'max_pool2d' in str(made.inlined_graph)\n"
        "    try:\n"
        "        F.max_pool2d(torch.ones(1, 1, 1, 1), 2)\n"
        "    except RuntimeError as error:\n"
        "        print(error, traceback.extract_tb(error.__traceback__)[-1].filename)"
    )
    assert "Output size is too small" in ran.output, ran.errors
    assert ran.output.endswith("functional.py\n")
