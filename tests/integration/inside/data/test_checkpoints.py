"""Several nets and checkpoints in one submission, and weights that others trained."""

# ruff: noqa: E501 - lines as students write them

import pytest
import torch
from torch import nn

IMPORTS = "import torch\nfrom torch import nn\n"
TWO = IMPORTS + (
    "class First(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.body, self.head = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), nn.Linear(4, 10)\n"
    "    def forward(self, x):\n"
    "        return self.head(self.body(x).mean((2, 3)))\n"
    "class Better(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU())\n"
    "        self.head = nn.Linear(4, 10)\n"
    "    def forward(self, x):\n"
    "        return self.head(self.body(x).mean((2, 3)))\n"
)
FIRST = {"body.0.weight": (4, 3, 3, 3), "body.0.bias": (4,), "head.weight": (10, 4)}
FIRST |= {"head.bias": (10,)}
BETTER = {"body.0.weight": (4, 3, 3, 3), "body.1.weight": (4,), "body.1.bias": (4,)}
BETTER |= {"body.1.running_mean": (4,), "body.1.running_var": (4,)}
BETTER |= {"body.1.num_batches_tracked": (), "head.weight": (10, 4), "head.bias": (10,)}


def role(name, *weights, **more):
    return {
        "name": name,
        "kind": "module",
        "names": [],
        "weights": list(weights),
        "input_shape": [3, 16, 16],
        "output_shape": [10],
        "unwrap": [],
        "contains": [],
        "lacks": [],
        "arguments": {},
        "source_data": "",
        **more,
    }


def state(shapes, prefix=""):
    return {prefix + name: torch.rand(shape) for name, shape in shapes.items()}


def describe(box, *roles, source="saved"):
    asked = [("describe_module", {"role": one, "source": source}) for one in roles]
    return box.ask(*asked)


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod."])
@pytest.mark.parametrize("order", [(FIRST, BETTER), (BETTER, FIRST)])
def test_each_checkpoint_finds_the_class_that_it_fits(box, prefix, order):
    box.notebook(TWO, "first = First()", "better = Better()")
    for number, shapes in enumerate(order, start=1):
        checkpoint = {
            "model": state(shapes, prefix),
            "optimizer": {"state": {}, "param_groups": []},
        }
        box.save(f"Ada_Lovelace_{number}.pt", checkpoint)
    one, two = describe(box, role("first", "*_1.pt"), role("second", "*_2.pt"))
    wanted = ["First" if shapes is FIRST else "Better" for shapes in order]
    assert [a.payload.class_name for a in (one, two)] == wanted
    assert [a.payload.binding.weights[-4:] for a in (one, two)] == ["1.pt", "2.pt"]
    assert "optimizer.state" in one.payload.file_keys
    assert not one.payload.missing_keys
    assert not two.payload.missing_keys


def test_one_class_in_two_versions_binds_each_checkpoint_to_its_own(box):
    again = TWO.split("class Better")[0].replace("nn.Conv2d(3, 4, 3)", "nn.Conv2d(3, 6, 3)")
    again = again.replace("nn.Linear(4, 10)", "nn.Linear(6, 10)")
    box.notebook(TWO, "net = First()", again, "net = First()")
    box.save("a_1.pt", state(FIRST))
    wide = {"body.0.weight": (6, 3, 3, 3), "body.0.bias": (6,), "head.weight": (10, 6)}
    box.save("a_2.pt", state({**wide, "head.bias": (10,)}))
    one, two = describe(box, role("first", "*_1.pt"), role("second", "*_2.pt"))
    assert [a.payload.layers[0].settings["out_channels"] for a in (one, two)] == ["4", "6"]
    assert not one.payload.missing_keys + two.payload.missing_keys


def test_several_nets_in_one_file_go_by_their_keys(box):
    box.notebook(TWO, "first, better = First(), Better()")
    box.save("all.pt", {"fm2_cnn": state(FIRST), "transfer": state(BETTER)})
    one, two = describe(
        box, role("fm2_cnn", "all.pt"), role("transfer", "all.pt", names=["transfer"])
    )
    assert [a.payload.class_name for a in (one, two)] == ["First", "Better"]


def test_transfer_nets_keep_the_digests_of_frozen_tensors(box):
    box.notebook(TWO, "fm2 = First()\ntransfer = First()")
    before = state(FIRST)
    box.save("fm2_cnn.pt", before)
    box.save("transfer.pt", {**before, "head.weight": torch.rand(10, 4)})
    one, two = describe(box, role("fm2", "fm2*.pt"), role("transfer", "transfer*.pt"))
    first = {t.name: t.sha256 for t in one.payload.saved}
    second = {t.name: t.sha256 for t in two.payload.saved}
    assert [n for n in first if first[n] != second[n]] == ["head.weight"]


VGG = IMPORTS + (
    "from torchvision import models\n"
    "class Net(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.net = models.alexnet(weights='DEFAULT')\n"
    "        self.net.classifier = nn.Linear(9216, 10)\n"
    "    def forward(self, x):\n"
    "        return self.net(x)\n"
    "model = Net()\n"
)
PICTURES = {"input_shape": [3, 64, 64], "names": ["Net"]}


def test_official_weights_that_are_not_here_wait_for_a_person(box):
    answer = box.execute(VGG)
    assert answer.errors[0][1] == "pretrained_weights_missing"
    assert "alexnet" in answer.errors[0][2]
    box.write("other.txt", "")
    (found,) = describe(box, role("net", "net.pt", **PICTURES), source="saved")
    assert found.payload.binding.weights == ""  # the layers are known all the same
    box.give(
        "cifar10/test", torch.zeros(2, 32, 32, 3, dtype=torch.uint8).numpy(), "torchvision.CIFAR10"
    )
    params = {"role": role("net", **PICTURES), "dataset": "cifar10/test", "source": "saved"}
    predicted = box.ask(("predict", {**params, "preprocess": []}))[0]
    assert predicted.fault["kind"] == "pretrained_weights_missing"


def test_the_students_own_weights_load_without_the_official_ones(box):
    from torchvision import models

    net = models.alexnet(weights=None)
    net.classifier = nn.Linear(9216, 10)
    box.notebook(VGG)
    box.save("net.pt", {f"net.{k}": v for k, v in net.state_dict().items()})
    (found,) = describe(box, role("net", "net.pt", **PICTURES))
    assert found.payload.binding.weights == "net.pt"
    assert not found.payload.missing_keys
    assert not found.payload.unexpected_keys


def test_official_weights_of_this_machine_are_used_and_said(box):
    from torchvision import models

    name = models.AlexNet_Weights.DEFAULT.url.rsplit("/", 1)[-1]
    folder = box.folder / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(models.alexnet(weights=None).state_dict(), folder / name)
    box.torch_home = str(box.folder / "torch")
    answer = box.execute(VGG + "print('built')")
    assert answer.output.endswith("built\n"), answer.errors
    assert "official weights" in answer.remark("shim.pretrained").message


def an_optimizer():
    net = nn.Linear(2, 2)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.rand(1, 2)).sum().backward()
    optimizer.step()
    return optimizer


@pytest.mark.parametrize(
    "around",
    [
        lambda net, optimizer: {"model": net, "optim": optimizer.state_dict()},
        lambda net, optimizer: [net, optimizer.state_dict()],
        lambda net, optimizer: (3, net, optimizer.state_dict()),
        lambda net, optimizer: {"model": net, "opt": optimizer},
        lambda net, optimizer: {
            "state": {"model": net, "optimizer": optimizer.state_dict()},
            "e": 1,
        },
        lambda net, optimizer: {"state": {"net": net, "optimizer": optimizer}},
    ],
    ids=["as usual", "list", "tuple", "object", "nested", "nested object"],
)
def test_an_optimizer_is_seen_wherever_a_checkpoint_keeps_it(box, around):
    box.notebook(TWO)
    box.save("first.pt", around(state(FIRST), an_optimizer()))
    facts = describe(box, role("first", "first.pt"))[0].payload
    assert {one.name for one in facts.saved} == set(FIRST)
    assert facts.missing_keys == facts.unexpected_keys == ()
    assert "optimizer.state" in facts.file_keys


@pytest.mark.parametrize("whole", ["list", "state", "param_groups"])
def test_what_only_looks_like_a_checkpoint_has_no_optimizer(box, whole):
    box.notebook(TWO)
    box.save(
        "first.pt",
        {"list": [state(FIRST), 3], "state": {"net": state(FIRST), "state": {}}}.get(
            whole, {"net": state(FIRST), "param_groups": []}
        ),
    )
    facts = describe(box, role("first", "first.pt"))[0].payload
    assert {one.name for one in facts.saved} == set(FIRST)
    assert "optimizer.state" not in facts.file_keys


def test_another_file_of_the_same_net_is_told(box):
    box.notebook(TWO)
    box.save("best.pt", state(FIRST))
    box.save("last.pt", {"model": state(FIRST), "optimizer": an_optimizer().state_dict()})
    box.save("other.pt", {"model": state(BETTER), "optimizer": an_optimizer().state_dict()})
    facts = describe(box, role("first", "*.pt"))[0].payload
    assert facts.binding.weights == "best.pt"
    assert set(facts.beside) == {"last.pt"}
    assert "optimizer.state" in facts.beside["last.pt"]
