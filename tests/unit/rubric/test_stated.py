"""Lines that the rubrics' patterns take for a stated result, and lines that they must not take."""

from __future__ import annotations

import re
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

RUBRICS = Path(__file__).resolve().parents[3] / "rubrics"


def params(rubric: str, claim: str) -> dict[str, Any]:
    text = tomllib.loads((RUBRICS / rubric / "rubric.toml").read_text())
    for task in text["task"]:
        for one in task["criterion"]:
            if one.get("with", {}).get("claim") == claim:
                return dict(one["with"])
    raise AssertionError(claim)


def found(rubric: str, claim: str, text: str, key: str = "patterns") -> list[str]:
    patterns = params(rubric, claim).get(key, ())
    return [hit["value"].strip() for one in patterns for hit in re.finditer(one, text)]


HW1 = ("hw1", "test accuracy of the CNN")
FIRST = ("cifar10-cnn", "test accuracy of the first model")
SECOND = ("cifar10-cnn", "test accuracy of the second model")
FM1 = ("fashion-transfer", "test accuracy of the CNN on fm1")
FM2 = ("fashion-transfer", "test accuracy of the CNN on fm2")
TRANSFER = ("fashion-transfer", "test accuracy of the transferred net on fm1")
MSE = ("fashion-transfer", "mean squared error of the autoencoder on the test images of fm1")
MLP = ("digits-svhn", "test error of the MLP")
CNN = ("digits-svhn", "test error of the CNN")
SVHN = ("digits-svhn", "test error on SVHN")
MLP_NLL = ("digits-svhn", "test NLL of the MLP")
CNN_NLL = ("digits-svhn", "test NLL of the CNN")
SVHN_NLL = ("digits-svhn", "test NLL on SVHN")

STATED = [
    (HW1, "Test accuracy: 65.31%", "65.31%"),
    (HW1, "test_acc = 0.6531", "0.6531"),
    (HW1, "Test Acc.: 65.31 %", "65.31 %"),
    (HW1, "Final test accuracy: 65.31%", "65.31%"),
    (HW1, "CNN test accuracy: 0.6531", "0.6531"),
    (HW1, "Test Loss: 1.23 Test Acc: 65.31%", "65.31%"),
    (HW1, "Test Loss: 1.23 | Test Accuracy: 65.31", "65.31"),
    (HW1, "test loss 1.23, accuracy 0.653", "0.653"),
    (HW1, "Test set: Average loss: 1.2345, Accuracy: 1623/2485 (65.31%)", "65.31%"),
    (HW1, "Test accuracy | 65.31%", "65.31%"),
    (HW1, "| **Test accuracy** | **65,31%** |", "65,31%"),
    (HW1, "The final test accuracy of our CNN is 65.31%.", "65.31%"),
    (HW1, "Test accuracy of the saved model: 0.653", "0.653"),
    (HW1, "Accuracy on the test set: 60.48%", "60.48%"),
    (HW1, "Accuracy of the network on the 2485 test images: 65 %", "65 %"),
    (HW1, "Test Error: \n Accuracy: 65.3%, Avg loss: 1.213", "65.3%"),
    (FIRST, "Test accuracy of the first model: 69.60%", "69.60%"),
    (FIRST, "First model: test accuracy 69.60%.", "69.60%"),
    (FIRST, "model 1: best test accuracy 61.20 %", "61.20 %"),
    (FIRST, "Test accuracy model 1: 71.34%", "71.34%"),
    (FIRST, "Accuracy of the first model on the test images: 52.80 %", "52.80 %"),
    (FIRST, "Accuracy of the first model on the 10000 test images: 71.8 %", "71.8 %"),
    (FIRST, "First model: Test Loss: 0.84, Test Acc: 71.77%", "71.77%"),
    (FIRST, "first model, test_acc=0.7177", "0.7177"),
    (FIRST, "The first model reached 71,8 % on the test set", "71,8 %"),
    (FIRST, "Test accuracy of the first model after 10 epochs: 71.8%", "71.8%"),
    (FIRST, "Model | Val accuracy | Test accuracy (%)\n---|---|---\nFirst | 71.0 | 71.8\n", "71.8"),
    (FIRST, "Model Test accuracy\nFirst model 71.8%\nSecond model 77.7%", "71.8%"),
    (SECOND, "Model Test accuracy\nFirst model 71.8%\nSecond model 77.7%", "77.7%"),
    (SECOND, "Final test accuracy: 77.70%", "77.70%"),
    (SECOND, "The improved model has a test accuracy of 77.7 %", "77.7 %"),
    (SECOND, "Test accuracy of the first and the second model: 71.8% and 77.7%", "77.7%"),
    (FM1, "fm1 CNN test accuracy: 0.9842 (loss 0.0528)", "0.9842"),
    (FM1, "fm1: test loss 0.0528, test accuracy 0.9842", "0.9842"),
    (FM1, "fm1: train accuracy .9479, validation accuracy .9434, test accuracy .9426", ".9426"),
    (FM1, "fm1_cnn test_acc: 98.42", "98.42"),
    (FM1, "Accuracy train 0.93284 validation 0.9332 test 0.929", "0.929"),
    (FM1, "Question 1: accuracy on test 98,42 %", "98,42 %"),
    (FM1, "Test accuracy on fm1: 0.9842", "0.9842"),
    (FM1, "Accuracy | train | val | test\n---|---|---|---\nfm1 | .9890 | .9832 | .9816\n", ".9816"),
    (FM2, "fm2 test accuracy 0.8798", "0.8798"),
    (FM2, "The test accuracy on fm2 is 92.94%", "92.94%"),
    (FM2, "FM-2: test loss 0.21, test accuracy 0,9294", "0,9294"),
    (TRANSFER, "90%: transfer test accuracy 0.8770", "0.8770"),
    (TRANSFER, "transfer test accuracy 0.9056", "0.9056"),
    (TRANSFER, "90% transfer: test accuracy = 0.9458", "0.9458"),
    (TRANSFER, "90% of fm1, transfer: test accuracy 0.9458", "0.9458"),
    (TRANSFER, "Q5 90%, transfer: test accuracy 0.9458", "0.9458"),
    (TRANSFER, "transfer_model test_acc=0.9458", "0.9458"),
    (TRANSFER, "Transfer (fm2 -> fm1): test acc. 94,58 %", "94,58 %"),
    (TRANSFER, "transfer from fm2 to fm1: test accuracy .8770", ".8770"),
    (TRANSFER, "Transfer learning: train accuracy .91, test accuracy .8770", ".8770"),
    (TRANSFER, "transfer: val loss 0.41, test accuracy 87.70%", "87.70%"),
    (TRANSFER, "Transfer: accuracy train 0.88 validation 0.88 test 0.877", "0.877"),
    (TRANSFER, "Transfer accuracy on the test set: 0.8770", "0.8770"),
    (TRANSFER, "Test accuracy of the transferred net on fm1: 0.9458", "0.9458"),
    (TRANSFER, "Test accuracy (transfer, 90%): 0.9458", "0.9458"),
    (TRANSFER, "The accuracy on the test set with transfer is 95%", "95%"),
    (TRANSFER, "The transferred model has a test accuracy of 95 % on fm1", "95 %"),
    (TRANSFER, "The transfer test accuracy with 90% of fm1 is 0.9458", "0.9458"),
    (TRANSFER, "transfer 90%: train acc .9612 test acc .9458", ".9458"),
    (TRANSFER, "transfer: 0.9458 (test)", "0.9458"),
    (TRANSFER, "fine-tuned CNN: test accuracy .9864", ".9864"),
    (TRANSFER, "Test accuracy at 90%: random .986, transfer .9864", ".9864"),
    (TRANSFER, "final accuracies (90%: random .986, transfer .9864 test)", ".9864"),
    (TRANSFER, "At 90%: random .9746, transfer .8770 on the test images.", ".8770"),
    (TRANSFER, "transfer gets 87.7% of the 5000 test images right", "87.7%"),
    (TRANSFER, "With transfer we reach 94.6% accuracy on the test set", "94.6%"),
    (
        TRANSFER,
        "| net | test accuracy |\n|---|---|\n| random | .9758 |\n| transfer | .9530 |\n",
        ".9530",
    ),
    (
        TRANSFER,
        "Accuracy | train | val | test\n---|---|---|---\ntransfer 90% | .95 | .94 | 95.30\n",
        "95.30",
    ),
    (MSE, "autoencoder test MSE: 0.0221", "0.0221"),
    (MSE, "autoencoder on fm1: test MSE 0.0256", "0.0256"),
    (MSE, "AE test loss = .0213", ".0213"),
    (MSE, "Autoencoder: train loss 0.0207, test loss 0.0213", "0.0213"),
    (MSE, "test_mse 0,0213", "0,0213"),
    (MSE, "Test MSE of the autoencoder: 2.13e-02", "2.13e-02"),
    (MSE, "Test loss of the autoencoder (MSE): 0.0213", "0.0213"),
    (MSE, "Reconstruction error on the test set: 0.0213", "0.0213"),
    (MSE, "The test reconstruction loss is 0.0213.", "0.0213"),
    (MSE, "The mean squared error on the test images of fm1 is 0.0216.", "0.0216"),
    (MSE, "a mean squared error of .0221 on the test images of fm1", ".0221"),
    (MSE, "The autoencoder reaches an MSE of 0.0213 on fm1-test", "0.0213"),
    (MSE, "MSE (test): 0.0213", "0.0213"),
    (MSE, "MSE: train 0.0207, validation 0.0212, test 0.0213", "0.0213"),
    (MSE, "The autoencoder (fm2 + fm1-train) has a test MSE of .0213", ".0213"),
    (MSE, "test MSE summed over the pixels: 16.70", "16.70"),
    (MSE, "MSE | train | test\n---|---|---\nautoencoder | .0207 | .0213\n", ".0213"),
    (MLP, "MLP test error: 0.0738", "0.0738"),
    (MLP, "MLP test error rate: 7.38%", "7.38%"),
    (MLP, "Test error of the MLP: 0.0738", "0.0738"),
    (MLP, "dense: 150 epochs, test nll = 0.3128, test error = 0.0761", "0.0761"),
    (CNN, "classifier_cnn: test error 0.005", "0.005"),
    (CNN, "conv: 191 epochs, test nll = 0.0834, test error = 0.0358", "0.0358"),
    (CNN, "| CNN test error | 0,0470 |", "0,0470"),
    (SVHN, "SVHN test error 0.11224646588813768", "0.11224646588813768"),
    (MLP_NLL, "NLL: 0.2811570146206508\nCE: 0.0760", "0.2811570146206508"),
    (MLP_NLL, "Test NLL: 0.371196985244751\nTest CE: 0.0738", "0.371196985244751"),
    (MLP_NLL, "CE: 0.0738\nNLL: 0.3711", "0.3711"),
    (MLP_NLL, "MLP test nll: 0.2733, test error: 0.0738", "0.2733"),
    (MLP_NLL, "dense: 150 epochs, test nll = 0.3128, test error = 0.0761", "0.3128"),
    (MLP_NLL, "-> START classifier_mlp\n-> FINAL PERFORMANCE: nll=0.2733, ce=0.0738", "0.2733"),
    (CNN_NLL, "| CNN test NLL | 0,1538 |", "0,1538"),
    (CNN_NLL, "Test NLL of the CNN: 0.1538", "0.1538"),
    (CNN_NLL, "-> START classifier_cnn\n-> FINAL PERFORMANCE: nll=0.1538, ce=0.0470", "0.1538"),
    (SVHN_NLL, "SVHN test nll 0.6186", "0.6186"),
    (SVHN, "svhn_cnn: test classification error = 8.26%", "8.26%"),
    (SVHN, "The test error on SVHN is 0.0826", "0.0826"),
]


@pytest.mark.parametrize(("asked", "text", "value"), STATED)
def test_a_stated_result_is_found(asked: tuple[str, str], text: str, value: str) -> None:
    assert set(found(*asked, text)) == {value}


NOT_STATED = [
    (HW1, "Epoch 3/16: test accuracy: 0.91"),
    (HW1, "epoch 1: train loss 1.0, train accuracy 0.63, test loss 1.88, test accuracy 0.6427"),
    (HW1, "lr 0.1 test accuracy: 0.9512"),
    (HW1, "Test accuracy (lr=0.1): 0.9512"),
    (HW1, "MNIST test accuracy: 0.9213"),
    (HW1, "Test accuracy on MNIST: 92.13%"),
    (HW1, "test accuracy of the saved network: 0.9212999939918518"),
    (HW1, "Val accuracy: 65.31%"),
    (HW1, "The test accuracy is good. 3 layers are enough."),
    (HW1, "Test accuracy of our first model was 40%"),
    (HW1, "you have to reach 65% accuracy on the test set"),
    (FIRST, "Second model: test accuracy 76.92%"),
    (FIRST, "First model: test loss 0.84"),
    (FIRST, "First model: 71.77% validation accuracy"),
    (FIRST, "The first model is trained on 80% and tested on the rest"),
    (FIRST, "epoch 1: train loss 1.1 val loss 1.0 train acc 0.59 val acc 0.60 test acc 0.5860"),
    (SECOND, "First model: test accuracy 71.34%"),
    (SECOND, "model 1 test accuracy: 71.34%"),
    (FM1, "90%: transfer test accuracy on fm1 0.8770"),
    (FM1, "fm1, random initialisation, 90%: test accuracy 0.9746"),
    (FM1, "fm2 test accuracy 0.8798"),
    (FM1, "fm1: test loss 0.0528"),
    (FM1, "autoencoder on fm1: test MSE 0.0256"),
    (FM1, "The mean squared error on the test images of fm1 is 0.0216."),
    (FM1, "Reconstruction error of the test images of fm1: 0.0216"),
    (FM1, "fm1 test error: 0.0158"),
    (FM2, "fm2 test MSE 0.0256"),
    (FM2, "fm1 CNN test accuracy: 0.9842"),
    (FM2, "transfer from fm2 to fm1: test accuracy 0.8770"),
    (TRANSFER, "90%: random initialisation test accuracy 0.9746"),
    (TRANSFER, "90% of fm1, random initialisation: test accuracy 0.9752"),
    (TRANSFER, "fm1 CNN test accuracy: 0.9842"),
    (TRANSFER, "fm2 CNN test accuracy: 0.9190"),
    (TRANSFER, "Transfer: the CNN on fm2 has a test accuracy of .9190"),
    (TRANSFER, "95%: val loss random 0.1011, transfer 0.4058"),
    (TRANSFER, "transfer: validation accuracy 0.8770"),
    (TRANSFER, "transfer: test loss 0.4310"),
    (TRANSFER, "transfer: train accuracy .91"),
    (TRANSFER, "transfer: train .9112, test loss .4310"),
    (TRANSFER, "transfer against random initialisation: test accuracy .9746"),
    (TRANSFER, "With transfer, 90% of the data are enough for a good test accuracy"),
    (TRANSFER, "The test accuracy of transfer with 5% of the data is low"),
    (TRANSFER, "The test accuracy of transfer at 90%"),
    (TRANSFER, "transfer epoch 3: test accuracy 0.84"),
    (TRANSFER, "Its test accuracy is .9746; transfer takes 0.05 s an epoch"),
    (TRANSFER, "pre-trained MLP: test accuracy .9654"),
    (TRANSFER, "Transfer keeps everything but the last layer; it is worse on the test images"),
    (TRANSFER, "| net | test loss |\n|---|---|\n| transfer | .4036 |\n"),
    (TRANSFER, "| net | val accuracy |\n|---|---|\n| transfer | .4036 |\n"),
    (MSE, "autoencoder epoch 1: MSE 0.0216"),
    (MSE, "epoch 4: train MSE 0.0207, test MSE 0.0226"),
    (MSE, "AE epoch 1 mse 0.0216"),
    (MSE, "autoencoder validation MSE 0.0216"),
    (MSE, "MSE on fm1-train: 0.0216"),
    (MSE, "test MSE on fm2: 0.0250"),
    (MSE, "The MSE on the fm2 test images is 0.0250"),
    (MSE, "test RMSE: 0.1459"),
    (MSE, "fm1: test loss 0.0528, test accuracy 0.9842"),
    (MSE, "MLP from the autoencoder: test loss 0.1234"),
    (MSE, "pre-trained with the autoencoder: test accuracy 0.9654"),
    (MSE, "autoencoder: train MSE 0.0207"),
    (MSE, "We trained with MSE and tested 5 fractions"),
    (MLP, "CNN test error: 0.0470"),
    (MLP, "MLP test nll: 0.2733"),
    (CNN, "MLP test error: 0.0738"),
    (CNN, "SVHN CNN test error: 0.0826"),
    (SVHN, "CNN test error: 0.0470"),
    (SVHN, "SVHN test nll 0.6186"),
    (MLP_NLL, "MLP test error: 0.0738"),
    (MLP_NLL, "CNN test nll: 0.1538"),
    (MLP_NLL, "Test CE: 0.0738"),
    (MLP_NLL, "MLP validation nll: 0.1538"),
    (CNN_NLL, "MLP test nll: 0.2733"),
    (CNN_NLL, "SVHN CNN test nll: 0.6186"),
    (SVHN_NLL, "MLP test nll: 0.2733"),
]


@pytest.mark.parametrize(("asked", "text"), NOT_STATED)
def test_another_number_is_not_taken_for_it(asked: tuple[str, str], text: str) -> None:
    assert found(*asked, text) == []


@pytest.mark.parametrize(
    ("asked", "text", "values"),
    [
        (HW1, "We reached 65.31% accuracy on the test set.", ["65.31%"]),
        (HW1, "In the end our net gets 65.3% test accuracy", ["65.3%"]),
        (HW1, "So the best net has a test accuracy of 65.31 %", ["65.31 %"]),
        (HW1, "you have to reach 65% accuracy on the test set", []),
        (HW1, "At first, the first net had a test accuracy of 40%", []),
        (SVHN, "Final test error: 0.0826", ["0.0826"]),
        (SVHN, "Test classification error rate: 8.26 %", ["8.26 %"]),
        (SVHN, "FINAL PERFORMANCE: nll=0.6186 ce=0.0826", ["0.0826"]),
        (SVHN, "epoch 3 test error: 0.2", []),
        (SVHN_NLL, "Final test NLL: 0.6186", ["0.6186"]),
        (SVHN_NLL, "FINAL PERFORMANCE: nll=0.6186 ce=0.0826", ["0.6186"]),
    ],
)
def test_where_nothing_says_whose_it_is(
    asked: tuple[str, str], text: str, values: list[str]
) -> None:
    assert found(*asked, text) == []
    assert found(*asked, text, "otherwise") == values


INSIDE = [
    (HW1, "Question 3"),
    (HW1, "Q3 (40 pt)"),
    (HW1, "3. Convolutional network"),
    (HW1, "I. CNN on the Grocery Store dataset"),
    (SVHN, "3 SVHN"),
    (SVHN, "Part 3"),
]
OUTSIDE = [
    (HW1, "Q2"),
    (HW1, "3 learning rates"),
    (HW1, "II. Fully connected network on MNIST"),
    (SVHN, "2. Classifying digits"),
    (SVHN, "Assignment 3: digits and SVHN"),
]


@pytest.mark.parametrize(("asked", "heading"), [*INSIDE, *OUTSIDE])
def test_the_heading_of_the_part(asked: tuple[str, str], heading: str) -> None:
    inside = re.search(params(*asked)["under"], heading) is not None
    assert inside is ((asked, heading) in INSIDE)


APART = [
    ("Question 3", True),
    ("Q3.I: CNN", True),
    ("I. CNN on the Grocery Store dataset", True),
    ("Convolutional network", True),
    ("Q2", False),
    ("3 learning rates", False),
    ("3. Learning rates", False),
    ("HW1: backprop by hand, a CNN, VGG16", False),
    ("CNN homework 1", False),
    ("Q2.II b) Learning rates", False),
]


@pytest.mark.parametrize("heading", APART)
def test_what_is_apart_from_the_rates_of_hw1(heading: tuple[str, bool]) -> None:
    text = tomllib.loads((RUBRICS / "hw1" / "rubric.toml").read_text())
    (one,) = (c["with"] for t in text["task"] for c in t["criterion"] if c["id"] == "rates")
    assert (re.search(one["apart_from"], heading[0]) is not None) is heading[1]


ODD = ["transfer test accuracy fm1 " * 4_000, "autoencoder mse test .1 " * 8_000,
       "test acc\n" * 9_000, "1" * 200_000, "first test acc " * 15_000,
       "test accuracy\n" * 15_000, "\n" * 200_000,
       "fm1 fm2 svhn cnn mlp test error of the " * 5_000, "the our final " * 15_000]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_odd_text_is_read_in_time(text: str) -> None:
    begun = time.monotonic()
    for asked in (HW1, FIRST, SECOND, FM1, FM2, TRANSFER, MSE, MLP_NLL, CNN_NLL, SVHN_NLL):
        found(*asked, text)
        found(*asked, text, "otherwise")
    assert time.monotonic() - begun < 60


def criterion(rubric: str, task: str, name: str) -> dict[str, Any]:
    text = tomllib.loads((RUBRICS / rubric / "rubric.toml").read_text())
    (one,) = (
        dict(c["with"]) for t in text["task"] if t["id"] == task
        for c in t["criterion"] if c["id"] == name
    )  # fmt: skip
    return one


NAMED = [
    ("hw1", "q2.2a", "the seed", ["SEED", "seed", "manual_seed", "random_seed"], ["need"]),
    (
        "hw1", "q2.2a", "the number of epochs",
        ["EPOCHS", "epoch", "num_epochs", "n_epochs", "numEpochs", "max_epochs", "epochs_mnist"],
        ["epoch_loss", "best_epoch", "last_epoch", "print_every_epoch", "epochs_list"],
    ),
    (
        "hw1", "q2.2a", "the batch size",
        ["BATCH_SIZE", "batch_size", "batchsize", "bs", "train_batch_size", "BATCH"],
        ["test_batch_size", "num_batches", "size"],
    ),
    (
        "hw1", "q2.2a", "the hidden size",
        ["hidden_size", "HIDDEN", "n_hidden", "hidden_dim", "hidden_layer_size", "hidden_units"],
        ["hidden_output", "num_hidden_layers", "size"],
    ),
    (
        "hw1", "q2.2a", "the activation",
        ["activation_func", "activation", "act", "act_fn", "activation_function"], ["actual"],
    ),
    ("digits-svhn", "digits.mlp", "the input size D", ["D", "input_size", "d_in"], ["d", "data"]),
    ("digits-svhn", "digits.mlp", "the hidden size M", ["M", "num_hidden"], ["m", "model"]),
    ("digits-svhn", "digits.mlp", "the number of classes K", ["K", "num_classes"], ["k"]),
    ("digits-svhn", "digits.mlp", "the patience", ["max_patience", "patience"], ["impatience"]),
    (
        "cifar10-cnn", "1.3", "the number of epochs",
        ["epochs", "EPOCHS_1", "num_epochs", "epochs_model_1", "epoch"], ["epoch_loss", "step"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rubric", "task", "what", "right", "other"), NAMED)
def test_names_of_settings(
    rubric: str, task: str, what: str, right: list[str], other: list[str]
) -> None:
    name = "epochs" if rubric == "cifar10-cnn" else "settings"
    settings = criterion(rubric, task, name)["settings"]
    (asked,) = (one for one in settings if one["what"] == what)
    patterns = [re.compile(one, re.IGNORECASE) for one in asked["names"]]
    hit = [one for one in (*right, *other) if any(p.fullmatch(one) for p in patterns)]
    assert hit == right


VALIDATION = [
    ("step 625: train loss 1.46, val loss 1.24, train acc 0.46, val acc 0.53", ["1.24"]),
    ("epoch 1 {'train loss': 2.124, 'val loss': 2.0748, 'val acc': 0.3798}", ["2.0748"]),
    ("val_loss: 0.8", ["0.8"]),
    ("Validation loss = 0.83", ["0.83"]),
    ("valid_loss 0.8 valid_acc 0.7", ["0.8"]),
    ("Epoch 3: val accuracy: 61.2%", ["61.2"]),
    ("loss 0.700 val acc 0.54", ["0.54"]),
    ("Validation: loss 0.8, accuracy 0.7", ["0.8"]),
    ("train loss 0.8, train acc 0.7", []),
    ("first model: test accuracy 66.40%", []),
    ("evaluated value 0.7 loss 0.3", []),
]


@pytest.mark.parametrize(("text", "values"), VALIDATION)
def test_lines_of_validation(text: str, values: list[str]) -> None:
    asked = criterion("cifar10-cnn", "1.3", "records")
    patterns = asked["curve"]["printed"]
    assert [hit["value"] for p in patterns for hit in re.finditer(p, text)] == values
    if values:
        assert any(re.search(one, text) for one in asked["like"])
