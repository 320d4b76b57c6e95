"""The mutants: each is the reference submission, wrong in one known way."""

from __future__ import annotations

from dataclasses import dataclass, field

from changes import (
    IDS,
    Change,
    add_bottleneck,
    alone,
    biases,
    dense,
    other_pdf,
    remove,
    rename,
    shake,
    tensors,
)


@dataclass(frozen=True)
class Case:
    """A submission with a known scorecard.

    Attributes:
        name: Its folder.
        description: What is wrong, in one sentence.
        outcomes: What differs from a perfect submission.
        edits: Texts in `solution.py` and what stands there instead.
        append: Cells after the last.
        printed: Texts in the stored outputs and what stands there instead.
        then: Changes files of the submission.
        submitted_at: When it was handed in, as TOML writes it.
    """

    name: str
    description: str
    outcomes: dict[str, str] = field(default_factory=dict)
    edits: tuple[tuple[str, str], ...] = ()
    append: str = ""
    printed: tuple[tuple[str, str], ...] = ()
    then: Change | None = None
    submitted_at: str = ""


D_SIGMOID = "    # y = sigmoid(x)\n    return y * (1 - y)"
BACKWARD = """        dl_dz2 = (y_hat - y) / batch_size                     # from Q1.II
        dl_dh = torch.matmul(dl_dz2, self.W2.t())
        dl_dz1 = dl_dh * self.d_activation(self.h)
"""
AUTOGRAD = """        loss = -(y * torch.log(y_hat + 1e-12)).sum() / batch_size
        loss.backward()
        with torch.no_grad():
            for p in (self.W1, self.b1, self.W2, self.b2):
                p -= self.lr * p.grad
                p.grad = None
        return

"""
FEATURES = """            conv_bn(3, 16, stride=2), nn.ReLU(),
            conv_bn(16, 32, stride=2), nn.ReLU(),
            conv_bn(32, 32), nn.ReLU(),
            Bottleneck(32, 16, 32),
            nn.AvgPool2d(2),
            Bottleneck(32, 24, 64),
            Bottleneck(64, 24, 64), Bottleneck(64, 24, 64), Bottleneck(64, 24, 64), Bottleneck(64, 24, 64),
            nn.AvgPool2d(2),
            Bottleneck(64, 32, 96),
            Bottleneck(96, 32, 96),
            nn.BatchNorm2d(96), nn.ReLU(),
"""
DENSE = "            nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 96), nn.ReLU(),\n"
PLOT = 'plot_history(history, "MNIST, lr=0.01")'
CNN_PLOT = 'plot_history(cnn_history, "Grocery Store, CNN", second="val")'
LOSSES = """for part in ("train", "test"):
    plt.plot(history[part + "_loss"], label=part)
plt.ylabel("loss")
plt.legend()
plt.show()"""
LAST = "            Bottleneck(96, 32, 96),\n"

CASES = (
    Case(name="reference", description="Everything automatic passes."),
    Case(
        name="no-pdf",
        description="The PDF is missing.",
        outcomes={"handed-in/files": "fail", "handed-in/names": "blocked", "handed-in/pdf": "blocked"},
        then=remove(f"HW1_{IDS}.pdf"),
    ),
    Case(
        name="late",
        description="It was handed in two days after the date.",
        outcomes={"handed-in/on-time": "fail"},
        submitted_at="2024-03-01T20:00:00+02:00",
    ),
    Case(
        name="other-names",
        description="The files are not named after the students.",
        outcomes={"handed-in/files": "fail", "handed-in/names": "blocked", "handed-in/pdf": "blocked"},
        then=rename(f"HW1_{IDS}", "homework"),
    ),
    Case(
        name="pickle-misnamed",
        description="The pickle is not named after the students.",
        outcomes={"handed-in/names": "partial"},
        then=rename(f"HW1_{IDS}.pkl", "weights.pkl"),
    ),
    Case(
        name="pdf-of-half",
        description="The PDF was printed when the notebook had twelve cells.",
        outcomes={"handed-in/pdf": "fail"},
        then=other_pdf,
    ),
    Case(
        name="one-student",
        description="One student hands in alone.",
        outcomes={"handed-in/pair": "fail"},
        then=alone,
    ),
    Case(
        name="last-cell-raises",
        description="A last cell uses a name that is defined nowhere.",
        outcomes={"handed-in/runs": "partial"},
        append="\n# %%\nprint(final_table)\n",
    ),
    Case(
        name="d-sigmoid-twice",
        description="d_sigmoid lacks the factor of one of the outputs.",
        outcomes={"q2.1/d-sigmoid": "fail"},
        edits=(
            (D_SIGMOID, "    # y = sigmoid(x)\n    return 1 - y"),
            ("{sigmoid: d_sigmoid, tanh: d_tanh}", "{sigmoid: lambda y: y * (1 - y), tanh: d_tanh}"),
        ),
    ),
    Case(
        name="d-tanh-not-squared",
        description="d_tanh forgets the square.",
        outcomes={"q2.1/d-tanh": "fail"},
        edits=(("return 1 - y ** 2", "return 1 - y * 2"),),
    ),
    Case(
        name="d-softmax-sign",
        description="The Jacobian of softmax has the wrong sign off its diagonal.",
        outcomes={"q2.1/d-softmax": "fail"},
        edits=(
            (
                "return torch.diag_embed(y) - y.unsqueeze(-1) * y.unsqueeze(-2)",
                "return torch.diag_embed(y) + y.unsqueeze(-1) * y.unsqueeze(-2)",
            ),
        ),
    ),
    Case(
        name="autograd",
        description="backward calls autograd.",
        outcomes={"q2.2a/by-hand": "fail", "q2.2a/backward": "blocked"},
        edits=(
            (BACKWARD, AUTOGRAD + BACKWARD),
            (
                "        self.b2 = torch.zeros(output_size)\n",
                "        self.b2 = torch.zeros(output_size)\n"
                "        for p in (self.W1, self.b1, self.W2, self.b2):\n"
                "            p.requires_grad_()\n",
            ),
            ("    y_hat = model.forward(X)\n", "    with torch.no_grad():\n        y_hat = model.forward(X)\n"),
            (
                'getattr(model, n).half()',
                'getattr(model, n).detach().half()',
            ),
        ),
    ),
    Case(
        name="autograd-elsewhere-named",
        description="backward calls autograd, in a class that has another name.",
        outcomes={"q2.2a/by-hand": "fail", "q2.2a/backward": "blocked"},
        edits=(
            (BACKWARD, AUTOGRAD.replace("loss.backward()", "_ = loss.backward()") + BACKWARD),
            ("class FullyConnectedNetwork:", "class TwoLayers:"),
            ("model = FullyConnectedNetwork(", "model = TwoLayers("),
            (
                "        self.b2 = torch.zeros(output_size)\n",
                "        self.b2 = torch.zeros(output_size)\n"
                "        for p in (self.W1, self.b1, self.W2, self.b2):\n"
                "            p.requires_grad_()\n",
            ),
            ("    y_hat = model.forward(X)\n", "    with torch.no_grad():\n        y_hat = model.forward(X)\n"),
            ("getattr(model, n).half()", "getattr(model, n).detach().half()"),
        ),
    ),
    Case(
        name="loss-of-torch",
        description="The class is written by hand; the loop beside it takes torch's loss.",
        outcomes={"q2.2a/by-hand": "partial"},
        edits=(
            (
                "return cross_entropy(y_hat, one_hot(Y)).item()",
                "return F.nll_loss(torch.log(y_hat + 1e-12), Y).item()",
            ),
        ),
    ),
    Case(
        name="no-derivative",
        description="The hidden layer's gradient lacks the derivative of the activation.",
        outcomes={"q2.2a/backward": "partial"},
        edits=(("dl_dz1 = dl_dh * self.d_activation(self.h)", "dl_dz1 = dl_dh"),),
    ),
    Case(
        name="uphill",
        description="The step goes up the gradient.",
        outcomes={"q2.2a/backward": "fail"},
        edits=(("        dl_dz2 = (y_hat - y) / batch_size ", "        dl_dz2 = (y - y_hat) / batch_size "),),
    ),
    Case(
        name="loss-stays",
        description="The printed training loss does not fall.",
        outcomes={"q2.2a/loss": "fail"},
        printed=((r"(/16: train loss )\d\.\d+", r"\g<1>2.3026"),),
    ),
    Case(
        name="no-mnist-curves",
        description="Loss and accuracy of the network by hand are printed and not drawn.",
        outcomes={"q2.2a/curves": "fail"},
        edits=(
            (PLOT, "print(history)"),
            ("    plot_history(results[lr], f\"MNIST, lr={lr}\")\n", "    print(results[lr])\n"),
            ("fig, ax = plt.subplots(1, 2, figsize=(10, 3.5))\nfor lr, h in results.items():\n", "for lr, h in ():\n"),
            ('ax[0].set_ylabel("test loss")\nax[1].set_ylabel("test accuracy")\nfor a in ax:\n', "for a in ():\n"),
        ),
    ),
    Case(
        name="pickle-of-biases",
        description="The pickle holds the biases alone.",
        outcomes={"q2.2a/saved": "partial"},
        then=biases,
    ),
    Case(
        name="tanh-hidden",
        description="The network by hand has tanh where sigmoid is given.",
        outcomes={"q2.2a/settings": "partial"},
        edits=(("NUM_CLASSES, 128, sigmoid, lr=lr)", "NUM_CLASSES, 128, tanh, lr=lr)"),),
    ),
    Case(
        name="mnist-losses-alone",
        description="Of the network by hand the losses are drawn and the accuracies are not.",
        outcomes={"q2.2a/curves": "partial"},
        edits=(
            (PLOT, LOSSES),
            ("    plot_history(results[lr], f\"MNIST, lr={lr}\")\n", "    print(results[lr])\n"),
            ("    ax[1].plot(range(1, EPOCHS + 1)[:len(h[\"test_acc\"])], h[\"test_acc\"], label=f\"lr={lr}\")\n", ""),
        ),
    ),
    Case(
        name="no-pickle",
        description="The saved parameters are missing.",
        outcomes={"q2.2a/saved": "fail", "handed-in/names": "blocked"},
        then=remove(f"HW1_{IDS}.pkl"),
    ),
    Case(
        name="two-rates",
        description="Two learning rates are compared instead of three.",
        outcomes={"q2.2b/rates": "partial"},
        edits=(("for lr in (0.1, 1):\n    _, results[lr]", "for lr in (0.1,):\n    _, results[lr]"),
               ("for lr in (0.1, 1):\n    plot_history", "for lr in (0.1,):\n    plot_history"),
               (" lr=1 is the fastest, and for this network it still is stable, because we\n", " It still is stable, because we\n")),
        printed=((r"lr=1: final[^\n]*\n", ""),),
    ),
    Case(
        name="two-rates-and-the-cnns",
        description="Two learning rates are compared; a third one is named, the CNN's.",
        outcomes={"q2.2b/rates": "partial"},
        edits=(("for lr in (0.1, 1):\n    _, results[lr]", "for lr in (0.1,):\n    _, results[lr]"),
               ("for lr in (0.1, 1):\n    plot_history", "for lr in (0.1,):\n    plot_history"),
               (" lr=1 is the fastest, and for this network it still is stable, because we\n", " It still is stable, because we\n")),
        printed=((r"lr=1: final[^\n]*\n", ""), (r"(?m)^(Test accuracy: )", r"Adam, lr=5e-4\n\1")),
    ),
    Case(
        name="no-convolution",
        description="The net of Q3 has no convolution.",
        outcomes={
            "q3.1/cnn": "fail",
            "q3.1/accuracy": "blocked",
            "q3.1/small": "blocked",
            "q3.1/reported": "blocked",
        },
        edits=((FEATURES, DENSE), ("self.fc(self.pool(self.features(x)).flatten(1))", "self.fc(self.features(x))")),
        then=tensors(dense),
    ),
    Case(
        name="pretrained",
        description="The CNN's first layer comes from a pre-trained ResNet.",
        outcomes={"q3.1/own-weights": "fail", "q3.1/accuracy": "blocked", "q3.1/small": "blocked"},
        edits=(
            (
                "torch.manual_seed(SEED)\ncnn = GroceryCNN()",
                "def start():\n    return torchvision.models.resnet18(weights=\"IMAGENET1K_V1\").conv1.weight\n\n"
                "torch.manual_seed(SEED)\ncnn = GroceryCNN()",
            ),
        ),
    ),
    Case(
        name="pretrained-vgg",
        description="The CNN's first layer comes from the pre-trained VGG16 that Q3.II asks for.",
        outcomes={"q3.1/own-weights": "fail", "q3.1/accuracy": "blocked", "q3.1/small": "blocked"},
        edits=(
            (
                "torch.manual_seed(SEED)\ncnn = GroceryCNN()",
                "def start():\n"
                '    return torchvision.models.vgg16(weights="IMAGENET1K_V1").features[0].weight[:16]\n\n'
                "torch.manual_seed(SEED)\ncnn = GroceryCNN()",
            ),
        ),
    ),
    Case(
        name="cnn-errs-often",
        description="The CNN's weights give an accuracy between 55% and 65%, as stated.",
        outcomes={"q3.1/accuracy": "partial"},
        printed=((r"Test accuracy: \d+\.\d+%", "Test accuracy: 58.67%"),),
        then=tensors(shake(1.1)),
    ),
    Case(
        name="cnn-errs-too-often",
        description="The CNN's weights give an accuracy below 55%, as stated.",
        outcomes={"q3.1/accuracy": "fail", "q3.1/small": "blocked"},
        printed=((r"Test accuracy: \d+\.\d+%", "Test accuracy: 52.43%"),),
        then=tensors(shake(1.3)),
    ),
    Case(
        name="too-many-parameters",
        description="A last block brings the CNN over 100,000 parameters.",
        outcomes={"q3.1/small": "fail"},
        edits=((LAST, LAST + "            Bottleneck(96, 32, 96),\n"),),
        then=tensors(add_bottleneck),
    ),
    Case(
        name="cnn-loss-stays",
        description="The CNN's printed training loss does not fall.",
        outcomes={"q3.1/loss": "fail"},
        printed=((r"(epoch \d+0: train loss )\d\.\d+", r"\g<1>3.7612"),),
    ),
    Case(
        name="no-cnn-curves",
        description="The CNN's loss and accuracy are printed and not drawn.",
        outcomes={"q3.1/curves": "fail"},
        edits=((CNN_PLOT, "print(cnn_history)"),),
    ),
    Case(
        name="cnn-losses-alone",
        description="The CNN's losses are drawn, its accuracies are not.",
        outcomes={"q3.1/curves": "partial"},
        edits=((CNN_PLOT, LOSSES.replace("history", "cnn_history").replace("test", "val")),),
    ),
    Case(
        name="claims-too-much",
        description="The stated test accuracy is not the one of the saved weights.",
        outcomes={"q3.1/reported": "fail"},
        printed=((r"Test accuracy: \d+\.\d+%", "Test accuracy: 91.35%"),),
    ),
    Case(
        name="not-vgg16",
        description="The pre-trained network is VGG13.",
        outcomes={"q3.2/pretrained": "fail"},
        edits=(
            ('torchvision.models.vgg16(weights="IMAGENET1K_V1")', 'torchvision.models.vgg13(weights="IMAGENET1K_V1")'),
            ("torchvision.models.vgg16(weights=None)", "torchvision.models.vgg13(weights=None)"),
        ),
    ),
    Case(
        name="no-filters",
        description="Responses are drawn, the filters are not.",
        outcomes={"q3.2/filters": "partial"},
        edits=(
            ("    axes[0, i].imshow(w.permute(1, 2, 0).numpy())\n", "    axes[0, i].text(0.5, 0.5, str(tuple(w.shape)))\n"),
        ),
    ),
    Case(
        name="no-responses",
        description="Filters are drawn, their responses are not.",
        outcomes={"q3.2/filters": "partial"},
        edits=(('    axes[1, i].imshow(responses[i].numpy(), cmap="gray")\n', ""),),
    ),
    Case(
        name="filters-of-second-layer",
        description="The filters drawn are those of the second convolution.",
        outcomes={"q3.2/filters": "partial"},
        edits=(
            ("    w = first.weight[i].detach()\n", "    w = vgg.features[2].weight[i, 0].detach()\n"),
            ("imshow(w.permute(1, 2, 0).numpy())", "imshow(w.numpy())"),
        ),
    ),
)
