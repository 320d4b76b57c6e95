"""Training loop, evaluation, stopping rule."""

import copy

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader


@torch.no_grad()
def evaluate(model, data):
    """Cross-entropy, accuracy and predicted classes."""
    model.eval()
    loss, predicted, labels = 0.0, [], []
    for x, y in DataLoader(data, batch_size=1000):
        logits = model(x)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        predicted.append(logits.argmax(1))
        labels.append(y)
    predicted, labels = torch.cat(predicted), torch.cat(labels)
    return loss / len(labels), (predicted == labels).float().mean().item(), predicted


def stopped_improving(losses, window=20):
    """Whether the mean of the last `window` epochs is no better than that of the window before."""
    if len(losses) < 2 * window:
        return False
    return sum(losses[-window:]) >= sum(losses[-2 * window : -window])


def fit(model, train, val, optimizer, epochs, batch_size=100, window=20, verbose=True):
    """Train until the validation loss stops improving; the best weights are kept."""
    history = {"train loss": [], "val loss": [], "train acc": [], "val acc": []}
    best_loss, best = float("inf"), None
    for epoch in range(epochs):
        model.train()
        loss_sum, correct = 0.0, 0
        for x, y in DataLoader(train, batch_size=batch_size, shuffle=True):
            logits = model(x)
            loss = F.cross_entropy(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(y)
            correct += (logits.argmax(1) == y).sum().item()
        val_loss, val_acc, _ = evaluate(model, val)
        for key, value in zip(history, (loss_sum / len(train), val_loss, correct / len(train), val_acc)):
            history[key].append(value)
        if verbose and epoch % 5 == 0:
            print(f"epoch {epoch}: train loss {loss_sum / len(train):.4f}, val loss {val_loss:.4f}, val acc {val_acc:.4f}")
        if val_loss < best_loss:
            best_loss, best = val_loss, copy.deepcopy(model.state_dict())
        if stopped_improving(history["val loss"], window):
            break
    model.load_state_dict(best)
    return history
