"""VGG16-D is the paper's, its official weights would load, and it overfits."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from reference import baseline, vgg16, vgg16_filters, vgg16_imagenette, vgg16_overfit
from reference.data.splits import Split
from reference.photographs import normalise
from reference.vgg16 import VGG16


def on_meta(**settings) -> VGG16:
    with torch.device("meta"):
        return VGG16(**settings)


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(("classes", "count"), [(1000, 138_357_544), (10, 134_301_514)])
def test_parameters_are_the_papers(classes, count):
    assert parameters(on_meta(classes=classes)) == count


@pytest.mark.parametrize("norm", [False, True])
def test_names_and_shapes_are_those_of_the_official_weights(norm):
    models = pytest.importorskip("torchvision.models")
    with torch.device("meta"):
        official = models.vgg16_bn() if norm else models.vgg16()
    theirs = {name: tuple(value.shape) for name, value in official.state_dict().items()}
    ours = {name: tuple(value.shape) for name, value in on_meta(norm=norm).state_dict().items()}
    assert list(ours.items()) == list(theirs.items())


def test_layers_are_configuration_d():
    layers = list(on_meta().features)
    channels = [layer.out_channels for layer in layers if isinstance(layer, nn.Conv2d)]
    assert channels == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    kernels = {layer.kernel_size for layer in layers if isinstance(layer, nn.Conv2d)}
    assert kernels == {(3, 3)}
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in layers) == 5
    rates = [layer.p for layer in on_meta().classifier if isinstance(layer, nn.Dropout)]
    assert rates == [0.5, 0.5]


def test_shapes_at_224_pixels():
    x = torch.empty(2, 3, 224, 224, device="meta")
    model = on_meta(classes=10)
    assert model.features(x).shape == (2, 512, 7, 7)
    assert model(x).shape == (2, 10)


def test_outputs_are_torchvisions_for_the_same_weights():
    """A quarter of the pixels; the weights are drawn, as the official ones are 528 MB."""
    models = pytest.importorskip("torchvision.models")
    torch.manual_seed(0)
    ours = VGG16(1000).eval()
    with torch.device("meta"):
        theirs = models.vgg16(dropout=0.5)
    theirs.load_state_dict(ours.state_dict(), assign=True)
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(ours(x), theirs.eval()(x))


def test_the_optimizer_is_the_papers():
    config = vgg16.Config()
    optimization = vgg16.paper(nn.Linear(2, 2), config, 10)
    (group,) = optimization.optimizer.param_groups
    assert isinstance(optimization.optimizer, torch.optim.SGD)
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (1e-2, 0.9, 5e-4)
    assert (config.batch_size, config.max_epochs, config.dropout) == (256, 74, 0.5)


def test_the_rate_falls_tenfold_when_validation_stalls_and_three_times_at_most():
    optimization = vgg16.paper(nn.Linear(2, 2), vgg16.Config(stalled=2), 10)
    rates = []
    for _ in range(30):
        optimization.after_validation(0.5)
        rates.append(optimization.optimizer.param_groups[0]["lr"])
    fallen = sorted(set(rates), reverse=True)
    assert fallen == pytest.approx([1e-2, 1e-3, 1e-4, 1e-5])
    improving = vgg16.paper(nn.Linear(2, 2), vgg16.Config(stalled=2), 10)
    for error in (0.5, 0.4, 0.3, 0.2, 0.1, 0.05):
        improving.after_validation(error)
    assert improving.optimizer.param_groups[0]["lr"] == 1e-2


def test_a_narrow_net_overfits_and_dropout_slows_it():
    config = vgg16_overfit.Config(bf16=False, clip=1.0, loss=0.05)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(16, 3, 32, 32, generator=generator)
    split = Split(x, torch.arange(16) % 10)
    courses = []
    for dropout in (0.0, 0.5):
        torch.manual_seed(0)
        model = VGG16(10, dropout, narrow=16)
        model.initialise()
        courses.append(vgg16_overfit.overfit(model, split, split, config, lr=0.02, steps=150))
    plain, dropped = courses
    assert plain.train_error == 0
    assert plain.train_loss[-1] < 0.05
    assert plain.steps < 150
    assert dropped.steps > plain.steps


def test_cut_pictures_are_those_of_the_paper():
    """The object's scale is that of a picture whose side is 256 to 512 pixels."""
    config = vgg16.Config(size=28, loaded=32)
    ramp = torch.linspace(0, 255, 32).expand(64, 3, 32, 32)
    found = vgg16.augment(ramp, torch.Generator().manual_seed(0), config)
    assert found.shape == (64, 3, 28, 28)
    slopes = (found[:, 0, 0, 1:] - found[:, 0, 0, :-1]).abs().mean(dim=1) / (255 / 31)
    assert slopes.min() >= 0.5 - 0.05
    assert slopes.max() <= 1.0 + 0.05
    assert slopes.max() - slopes.min() > 0.2


def test_evaluation_looks_at_the_middle():
    config = vgg16.Config(size=4, loaded=6)
    x = torch.arange(36.0).reshape(1, 1, 6, 6)
    (view,) = vgg16.centre(x, config)
    assert torch.equal(view, x[..., 1:5, 1:5])


@pytest.mark.usefixtures("grade_data")
@pytest.mark.parametrize("module", [vgg16, vgg16_imagenette])
def test_recipes_for_a_gpu_run_when_tiny(module, capsys):
    assert module.main(["--tiny"]) == 0
    assert capsys.readouterr().out.startswith("seed 0: test error ")


@pytest.mark.usefixtures("grade_data")
def test_the_overfitting_runs_when_tiny(capsys):
    assert vgg16_overfit.main(["--tiny"]) == 0
    names = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["seed 0, vgg16", "seed 0, vgg16_dropout", "seed 0, small"]


def test_no_recipe_for_a_gpu_claims_a_baseline_that_was_not_measured():
    for name in ("vgg16", "vgg16_imagenette"):
        if (baseline.FOLDER / "baselines" / f"{name}.json").exists():
            assert baseline.read(name)["device"].startswith("cuda")


def test_missing_weights_are_told_with_the_mend(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert vgg16_filters.main(["--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "no pre-trained VGG16" in told
    assert str(tmp_path) in told
    assert "torchvision.models.vgg16" in told
    assert not (tmp_path / "out").exists()


def test_pictures_are_read_where_no_folder_of_them_is(tmp_path):
    with pytest.raises(vgg16_filters.DataMissingError, match="--pictures"):
        vgg16_filters.find_pictures(tmp_path)


def test_weights_in_torch_home_give_labels_and_filters(monkeypatch, tmp_path, capsys):
    """With a narrow net in place of the official one: the path from file to figure."""
    pytest.importorskip("torchvision.models")
    from PIL import Image

    checkpoints = tmp_path / "hub" / "checkpoints"
    checkpoints.mkdir(parents=True)
    (tmp_path / "dogs").mkdir()
    Image.new("RGB", (300, 260), (90, 160, 40)).save(tmp_path / "dogs" / "a.jpg")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(vgg16_filters, "VGG16", lambda: VGG16(narrow=16))
    torch.save(VGG16(narrow=16).state_dict(), checkpoints / "vgg16-0a1b2c3d.pth")
    out = tmp_path / "out"
    assert vgg16_filters.main(["--pictures", str(tmp_path / "dogs"), "--out", str(out)]) == 0
    assert "outputs: [1, 1000]" in capsys.readouterr().out
    for name in ("vgg16_labels.png", "vgg16_filters.png"):
        with Image.open(out / name) as figure:
            assert min(figure.size) > 200


def test_normalising_is_imagenets():
    white = normalise(torch.full((1, 3, 2, 2), 255, dtype=torch.uint8))
    expected = (torch.ones(3) - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor(
        [0.229, 0.224, 0.225]
    )
    assert torch.allclose(white[0, :, 0, 0], expected)


def test_missing_data_and_wrong_settings_are_told(monkeypatch, capsys):
    monkeypatch.delenv("GRADE_DATA", raising=False)
    assert vgg16_overfit.main(["--tiny"]) == 2
    assert "set GRADE_DATA" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        vgg16_overfit.main(["--tiny", "--set", "rate=1"])
    assert "there is no setting 'rate'" in capsys.readouterr().err
