"""Runs questions 1, 2 and 5. Questions 3 and 4: see the report."""
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.utils.data import DataLoader, Subset

from common import FM1, FM2, ConvNet, evaluate, split, train

torch.manual_seed(5)
train1, val1, test1 = split(FM1)
train2, val2, test2 = split(FM2)
print(len(train1), len(val1), len(test1))

# question 1
model = ConvNet(2, 2)
history = train(model, torch.optim.SGD(model.parameters(), lr=0.005), train1, val1, 21)
plt.figure(figsize=(5, 3))
plt.plot(history["train"], label="train loss")
plt.plot(history["val"], label="val loss")
plt.xlabel("epoch")
plt.ylabel("loss")
plt.legend()
plt.savefig("q1_loss.png", dpi=50)
plt.figure(figsize=(5, 3))
plt.plot(history["train acc"], label="train accuracy")
plt.plot(history["val acc"], label="val accuracy")
plt.xlabel("epoch")
plt.ylabel("accuracy")
plt.legend()
plt.savefig("q1_accuracy.png", dpi=50)
for name, data in (("train", train1), ("validation", val1), ("test", test1)):
    print("Q1", name, "accuracy: %.4f" % evaluate(model, data)[1])
matrix = np.zeros((5, 5), int)
with torch.no_grad():
    for x, y in DataLoader(test1, 250):
        np.add.at(matrix, (y.numpy(), model(x).argmax(1).numpy()), 1)
plt.figure(figsize=(4, 4))
plt.imshow(matrix)
plt.title("confusion matrix")
plt.xlabel("predicted")
plt.ylabel("true")
plt.savefig("q1_confusion.png", dpi=50)
print(matrix)
torch.save(model.state_dict(), "fm1_cnn.pt")

# question 2, on a fifth of the training data to save time
fifth = Subset(train1, range(0, 25000, 5))
print("conv dense optimizer lr wd | train loss, val loss, test loss | train acc, val acc, test acc")
for conv, dense, name, lr, wd in [
    (1, 1, "SGD", 0.01, 0), (1, 1, "Adam", 0.001, 0), (1, 2, "SGD", 0.01, 0), (1, 2, "Adam", 0.005, 0), (1, 2, "AdamW", 0.005, 0.05),
    (2, 1, "SGD", 0.01, 0), (2, 1, "Adam", 0.001, 0), (2, 2, "SGD", 0.05, 0), (2, 2, "Adam", 0.001, 0), (2, 2, "AdamW", 0.001, 0.05),
]:
    m = ConvNet(conv, dense)
    train(m, getattr(torch.optim, name)(m.parameters(), lr=lr, weight_decay=wd), fifth, val1, 1)
    losses = [evaluate(m, d)[0] for d in (fifth, val1, test1)]
    accs = [evaluate(m, fifth)[1], evaluate(m, val1)[0], evaluate(m, test1)[1]]
    print("| %d | %d | %s | %g | %g | %.4f | %.4f | %.4f | %.4f | %.4f | %.4f |" % (conv, dense, name, lr, wd, *losses, *accs))

# question 5
source = ConvNet(2, 2)
train(source, torch.optim.AdamW(source.parameters(), lr=0.005, weight_decay=0.05), train2, val2, 2)
print("Q5 fm2 test accuracy: %.4f" % evaluate(source, test2)[1])
torch.save(source.state_dict(), "fm2_cnn.pt")
curves = {"random": [], "transfer": []}
fractions = [0.05, 0.1, 0.3, 0.9]
for f in fractions:
    part = Subset(train1, range(int(f * len(train1))))
    for kind in curves:
        m = ConvNet(2, 2)
        if kind == "transfer":
            m.load_state_dict(torch.load("fm2_cnn.pt"))
            for p in m.parameters():
                p.requires_grad_(False)
            m.dense[2] = torch.nn.Linear(80, 5)
        train(m, torch.optim.AdamW([p for p in m.parameters() if p.requires_grad], lr=0.005, weight_decay=0.05), part, val1, 1)
        curves[kind].append(evaluate(m, val1)[0])
        if f == 0.9:
            print("Q5 90%%, %s: test accuracy %.4f" % (kind, evaluate(m, test1)[1]))
            torch.save(m.state_dict(), "fm1_" + kind + ".pt")
plt.figure(figsize=(5, 3))
for kind in curves:
    plt.plot(fractions, curves[kind], "o-", label=kind)
plt.xlabel("fraction of fm1")
plt.ylabel("validation loss")
plt.legend()
plt.savefig("q5_transfer.png", dpi=50)
