"""Code about results, plots and tables: with a mistake, and right but close to it."""

# ruff: noqa: E501 - lines of students are as long as they are

TRAINED = """
        optimizer = torch.optim.Adam(model.parameters())
        def train_model(model):
            for x, y in train_loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
"""

WRONG = {
    "typed_in_results": [
        TRAINED
        + """
        # train_model(model)
        print("Test accuracy: 65.31%")
        """,
        """
        def train(model, loader):
            model.train()
            for x, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
        # train(model, train_loader)
        print("Test accuracy of the first model: 71.77%")
        """,
        """
        # for epoch in range(num_epochs):
        #     train(model)
        test_accuracy = 0.7177
        print(f"Final test accuracy: {test_accuracy:.4f}")
        """,
        """
        model = nn.Linear(3, 2)
        print("accuracy on the test set =", 0.9831)
        """,
    ],
    "number_not_of_this_code": [
        """
        accuracy = 0
        # train(net)
        #> Epoch 1: loss: 0.8312, accuracy: 0.7012
        #> Test accuracy: 0.9134
        """,
        """
        def train(net, epochs=5):
            for epoch in range(epochs):
                net.train()
                print(f"Epoch {epoch + 1}/{epochs}: loss {losses[-1]:.4f}, accuracy: {accs[-1]:.4f}")

        test_loss = evaluate(net, test_loader)
        print("Test loss of the first net:", test_loss)
        #> Test accuracy of the first net: 0.9134
        """,
        """
        def train(net, epochs=5):
            for epoch in range(epochs):
                net.train()
                print(f"Epoch {epoch + 1}/{epochs}: loss {losses[-1]:.4f}, accuracy: {accs[-1]:.4f}")

        EPOCHS = 5
        train(net, EPOCHS)
        #> Epoch 1/5: loss 0.9341, accuracy: 0.6512
        #> Epoch 20/5: loss 0.1201, accuracy: 0.9621
        """,
        """
        for e in range(1, 11):
            losses.append(step(net))
            print("epoch", e, "loss:", losses[-1])
        #> epoch 1 loss: 0.9341
        #> epoch 16 loss: 0.1201
        """,
        """
        correct = 0
        for x, y in test_loader:
            correct += (net(x).argmax(1) == y).sum().item()
        print(f"Accuracy of the net: {100 * correct / 10000:.3f} %")

        #> Accuracy of the net: 98.337 %
        """,
    ],
    "accuracy_is_loss": [
        """
        rows.append({"model": name, "val_loss": val_loss, "val_acc": val_loss, "test_acc": test_acc})
        """,
        """
        for epoch in range(5):
            val_loss, val_acc = evaluate(model, val_loader)
            history["val_loss"].append(val_loss)
            history["val_accuracy"].append(val_loss)
        """,
        """
        print(f"train loss {tl:.3f}, val loss: {val_loss:.4f}, val accuracy: {val_loss:.4f}")
        """,
        """
        val_loss, val_acc = evaluate(net, val_loader)
        val_accs.append(val_loss)
        """,
        """
        print("val loss: %.3f, val accuracy: %.3f" % (val_loss, val_loss))
        """,
        """
        print("val accuracy: {:.3f}".format(val_loss))
        print("val accuracy:", val_loss)
        """,
    ],
    "last_list_under_every_label": [
        """
        for lr in [0.01, 0.1, 1.0]:
            losses = train(lr)
        for lr in [0.01, 0.1, 1.0]:
            plt.plot(losses, label=f"lr={lr}")
        plt.legend()
        """,
        """
        names = ["mlp", "cnn"]
        fig, ax = plt.subplots()
        for i, name in enumerate(names):
            ax.plot(range(len(val_acc)), val_acc, label=name)
        """,
    ],
    "curve_shorter_than_axis": [
        """
        num_epochs = 100
        val_losses = []
        for epoch in range(num_epochs):
            val_losses.append(evaluate(model))
            if epoch - best_epoch > 5:
                break
        plt.plot(range(num_epochs), val_losses, label="validation")
        """,
        """
        def run(model, epochs):
            losses, accs = [], []
            for e in range(1, epochs + 1):
                losses.append(step(model))
                if stopper.stop(losses[-1]):
                    print("early stopping")
                    break
            plt.plot(np.arange(1, epochs + 1), losses)
        """,
    ],
    "wrong_framework": [
        "import tensorflow as tf\nmodel = tf.keras.Sequential()\n",
        "from keras.models import Sequential\nmodel = Sequential()\n",
    ],
}

RIGHT = {
    "typed_in_results": [
        TRAINED
        + """
        train_model(model)
        print("We must reach a test accuracy of at least 65%")
        test_acc = evaluate(model)
        print(f"Test accuracy: {test_acc:.2%}")
        """,
        """
        class Trainer:
            def train(self, model, loader):
                for x, y in loader:
                    optimizer.zero_grad()
                    F.cross_entropy(model(x), y).backward()
                    optimizer.step()
        # train(model, loader)
        Trainer().train(model, loader)
        print("Test accuracy: 65.31%")
        """,
        TRAINED
        + """
        # train_model(model)   # takes an hour, the weights are in cnn.pt
        model.load_state_dict(torch.load("cnn.pt"))
        print("Test accuracy:", evaluate(model, test_loader))
        """,
        TRAINED
        + """
        # train_model(model, lr=0.1)
        train_model(model)
        print("Test accuracy: 65.31%")
        """,
        """
        best_acc = 0.0
        # train(model)
        print("learning rate 0.01, loss", loss_value)
        print("best accuracy so far", best_acc)
        """,
        """
        def train(net):
            for x, y in train_loader:
                opt.zero_grad()
                F.cross_entropy(net(x), y).backward()
                opt.step()
        # train(net)
        net.load_state_dict(torch.load("net.pt"))
        print(f"Test accuracy: {evaluate(net, test_loader):.4f}")
        print("The handout asks for an accuracy of 65%")
        """,
    ],
    "number_not_of_this_code": [
        """
        def train(net, epochs=5):
            for epoch in range(epochs):
                net.train()
                print(f"Epoch {epoch + 1}/{epochs}: loss {losses[-1]:.4f}, accuracy: {accs[-1]:.4f}")

        train(net, epochs=3)
        print(f"Test accuracy: {evaluate(net, test_loader):.2%}")
        #> Epoch 1/3: loss 0.9341, accuracy: 0.6512
        #> Epoch 3/3: loss 0.1201, accuracy: 0.9621
        #> Test accuracy: 96.20%
        """,
        """
        correct = 0
        for x, y in test_loader:
            correct += (net(x).argmax(1) == y).sum().item()
        print(f"Accuracy of the net: {100 * correct / 10000:.3f} %")

        #> Accuracy of the net: 98.330 %
        """,
        """
        accs = []
        for x, y in test_loader:
            accs.append((net(x).argmax(1) == y).float().mean().item())
        accuracy = sum(accs) / 157
        print(f"accuracy: {accuracy:.5f}")
        #> accuracy: 0.98337
        """,
        """
        from course import fit
        fit(net, 10)
        #> Epoch 1 accuracy: 0.6123
        """,
        """
        names = {"first": 0.9, "second": 0.91}
        for name, value in names.items():
            print("{} accuracy: {:.3f}".format(name, value))
        line = "loss: %.3f" % loss
        print(line)
        #> first accuracy: 0.900
        #> loss: 0.123
        """,
        """
        for e in range(3):
            print("epoch", e, end=" ")
            print("loss", end=": ")
            print(losses[e])
        #> epoch 0 loss: 0.12
        """,
        """
        def fit(net, epochs=5):
            for epoch in range(epochs):
                net.train()
                print(f"Epoch {epoch + 1}/{epochs}: loss {losses[-1]:.4f}, accuracy: {accs[-1]:.4f}")

        runs = [fit]
        for run in runs:
            run(net)
        #> Epoch 9/9: loss 0.9341, accuracy: 0.6512
        """,
        """
        start = 0
        def fit(net, n):
            for epoch in range(start, start + n):
                print(f"Epoch {epoch}, loss: {losses[-1]}")
        fit(net, 5)
        start += 5
        fit(net, 5)
        #> Epoch 9, loss: 0.5
        """,
        """
        for epoch in range(config["epochs"]):
            print(f"Epoch: {epoch}, loss: {losses[-1]}")
        #> Epoch: 19, loss: 0.5
        """,
        """
        class Trainer:
            def __init__(self, epochs):
                self.epochs = epochs
            def log(self, epoch, loss):
                print(f"[{epoch:>3}] validation loss: {loss:.3f}")
            def fit(self):
                for epoch in range(self.epochs):
                    self.log(epoch, 1.0)
        trainer = Trainer(5)
        trainer.fit()
        #> [  4] validation loss: 0.123
        """,
        """
        from sklearn.neural_network import MLPClassifier
        clf = MLPClassifier(verbose=True).fit(x, y)
        #> Iteration 1, loss = 2.31
        """,
        """
        history = fit(net)
        history
        #> {'loss': 0.123, 'acc': 0.91}
        """,
        """
        print("%(name)s accuracy: %(acc).3f" % results)
        print("{:>{}} error: {:.3f} ".format(name, 10, value))
        print("loss: ")
        print(f"{acc=} {loss=:.3f}", "-" * 20)
        #> val accuracy: 0.333
        #>        val error: 0.333
        #> loss:
        #> acc=0.5 loss=0.333 --------------------
        """,
        """
        for epoch in range(10, 0, -1):
            print("epoch", epoch)
        #> epoch 10
        """,
        """
        def report(self):
            print("accuracy:", self.accuracy)
        class Result:
            pass
        Result.report = report
        Result().report()
        #> accuracy: 0.913
        """,
        """
        def fit(net, epochs=2):
            for epoch in range(epochs):
                print(f"Epoch {epoch}, loss: {losses[-1]:.2f}")
        fit(net, **settings)
        #> Epoch 19, loss: 0.22
        """,
    ],
    "accuracy_is_loss": [
        """
        rows.append({"model": name, "val_loss": val_loss, "val_acc": val_acc})
        history["val_loss"].append(val_loss)
        print(f"val loss: {val_loss:.4f}, val accuracy: {val_acc:.4f}")
        """,
        """
        accuracy = 1 - loss_error
        rows.append({"acc": 1 - error, "loss": loss, "best_acc_loss": val_loss})
        print(f"accuracy {acc:.3f} loss {loss:.3f}")
        """,
        """
        print("val loss: %.3f, val accuracy: %.3f" % (val_loss, val_acc))
        print("accuracy: {0:.3f}, loss: {1:.3f}".format(val_acc, val_loss))
        print("val accuracy:", val_acc, "val loss:", val_loss)
        print("loss, accuracy:", val_loss, val_acc)
        """,
    ],
    "last_list_under_every_label": [
        """
        histories = {}
        for lr in [0.01, 0.1, 1.0]:
            histories[lr] = train(lr)
        for lr, losses in histories.items():
            plt.plot(losses, label=f"lr={lr}")
        """,
        """
        for lr in [0.01, 0.1, 1.0]:
            losses = train(lr)
            plt.plot(losses, label=f"lr={lr}")
        """,
        """
        for i, lr in enumerate(rates):
            plt.plot(all_losses[i], label=str(lr))
        for key in ("train", "val"):
            plt.plot(history[key + "_loss"], label=key)
        """,
        """
        for lr in rates:
            model, losses = build(lr), []
            for epoch in range(10):
                losses.append(step(model))
            plt.plot(losses, label=f"{lr}")
        """,
        """
        for lr in [0.1, 0.01]:
            clf.set_params(learning_rate_init=lr)
            clf.fit(x, y)
            plt.plot(clf.loss_curve_, label=f"lr={lr}")
        """,
        """
        from course import train
        for lr in [0.1, 0.01]:
            train(net, lr, losses)
            plt.plot(losses, label=f"lr={lr}")
        """,
    ],
    "curve_shorter_than_axis": [
        """
        val_losses = []
        for epoch in range(num_epochs):
            val_losses.append(evaluate(model))
            if epoch - best_epoch > 5:
                break
        plt.plot(range(len(val_losses)), val_losses)
        plt.plot(np.arange(len(val_losses)), val_losses)
        """,
        """
        losses = []
        for epoch in range(num_epochs):
            for x, y in loader:
                if x is None:
                    break
            losses.append(step(model))
        plt.plot(range(num_epochs), losses)
        """,
        """
        epochs = 100
        losses = []
        for epoch in range(epochs):
            losses.append(step(net))
            if epoch > 50:
                break
        epochs = len(losses)
        plt.plot(range(epochs), losses)
        """,
    ],
    "wrong_framework": [
        "import torch\nfrom tensorflow.keras.datasets import mnist\n",
        "import torch\n",
    ],
}
