#!/usr/bin/env python3
"""Assignment 3, part 2.

usage: python main.py [--epochs 1000] [--out results]
"""
import argparse
import os

import numpy as np
import torch
import torch.nn as nn

from data import get_loaders
from nets import make_cnn, make_mlp
from plots import plot_curve

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--patience", type=int, default=20)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--wd", type=float, default=1e-5)
    parser.add_argument("--out", default="results")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    torch.manual_seed(1)

    class ClassifierNeuralNet(nn.Module):
        """A classifier around a network with log-softmax output (see answers.md, questions 1 and 2)."""

        def __init__(self, classnet):
            super().__init__()
            self.classnet = classnet
            self.nll = nn.NLLLoss(reduction="none")

        def classify(self, x):
            """The most probable class of each row, as long. The log does not move the maximum."""
            return torch.argmax(self.classnet(x), dim=1)

        def forward(self, x, y, reduction="avg"):
            """-log p(y|x), summed over the batch or averaged."""
            loss = self.nll(self.classnet(x), y)
            return loss.sum() if reduction == "sum" else loss.mean()

    def evaluation(loader, name=None, model_best=None, epoch=None):
        if model_best is None:
            model_best = torch.load(os.path.join(args.out, name + ".model"), weights_only=False)
        model_best.eval()
        nll, wrong, N = 0.0, 0, 0
        with torch.no_grad():
            for x, y in loader:
                nll += model_best.forward(x, y, reduction="sum").item()
                wrong += (model_best.classify(x) != y).sum().item()
                N += len(x)
        nll, ce = nll / N, wrong / N
        if epoch is None:
            print(f"-> FINAL PERFORMANCE: nll={nll}, ce={ce}")
        elif epoch % 10 == 0:
            print(f"Epoch: {epoch}, val nll={nll}, val ce={ce}")
        return nll, ce

    def training(name, max_patience, num_epochs, model, optimizer, training_loader, val_loader):
        nll_val, error_val = [], []
        best, patience = float("inf"), 0
        for e in range(num_epochs):
            model.train()
            for x, y in training_loader:
                loss = model.forward(x, y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            nll, ce = evaluation(val_loader, model_best=model, epoch=e)
            nll_val.append(nll)
            error_val.append(ce)
            if nll < best:
                torch.save(model, os.path.join(args.out, name + ".model"))
                best, patience = nll, 0
            else:
                patience += 1
            if patience > max_patience:
                break
        return np.asarray(nll_val), np.asarray(error_val)

    train_loader, val_loader, test_loader = get_loaders(64)
    for name, classnet in [("classifier_mlp", make_mlp()), ("classifier_cnn", make_cnn())]:
        print(f"\n-> START {name}")
        model = ClassifierNeuralNet(classnet)
        optimizer = torch.optim.Adamax(model.parameters(), lr=args.lr, weight_decay=args.wd)
        nll_val, error_val = training(name, args.patience, args.epochs, model, optimizer, train_loader, val_loader)
        nll, ce = evaluation(test_loader, name=name)
        with open(os.path.join(args.out, name + "_test_loss.txt"), "w") as f:
            f.write(f"Test NLL: {nll}\nTest CE: {ce}")
        plot_curve(os.path.join(args.out, name + "_nll_val_curve.pdf"), nll_val, "nll", nll)
        plot_curve(os.path.join(args.out, name + "_ca_val_curve.pdf"), error_val, "ce", ce)
