"""Code about data, as students write it: with a mistake, and right but close to it."""

# ruff: noqa: E501 - lines of students are as long as they are

WRONG = {
    "validation_in_training": [
        """
        train_set = datasets.SVHN("data", split="train", transform=t)
        val_set = Subset(train_set, range(50000, 73257))
        train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
        val_loader = DataLoader(val_set, batch_size=64)
        """,
        """
        full = datasets.CIFAR10(".", train=True, download=True, transform=t)
        _, valid = random_split(full, [40000, 10000])
        loaders = {}
        loaders["train"] = DataLoader(full, 32, shuffle=True)
        loaders["val"] = DataLoader(valid, 32)
        """,
        """
        X_train, y_train = load()
        X_val, y_val = X_train[-5000:], y_train[-5000:]
        train(model, X_train, y_train, X_val, y_val)
        """,
        """
        data = datasets.MNIST(".", train=True)
        train_ds = Subset(data, range(0, 55000))
        val_ds = Subset(data, list(range(50000, 60000)))
        train_dl = DataLoader(train_ds, 64)
        val_dl = DataLoader(val_ds, 64)
        """,
        """
        X_train = np.load('x.npy'); y_train = np.load('y.npy')
        X_val, y_val = X_train[50000:], y_train[50000:]
        net = nn.Linear(3,3); opt = torch.optim.SGD(net.parameters(), lr=.1)

        for i in range(0, len(X_train), 64):
            xb = X_train[i:i+64]
            opt.zero_grad(); F.cross_entropy(net(xb), y_train[i:i+64]).backward(); opt.step()
        """,
        """
        X_train = np.load('x.npy'); y_train = np.load('y.npy')
        X_val, y_val = X_train[50000:], y_train[50000:]
        net = nn.Linear(3,3); opt = torch.optim.SGD(net.parameters(), lr=.1)

        n = X_train.shape[0]
        for e in range(3):
            perm = torch.randperm(n)
            for i in range(0, n, 64):
                idx = perm[i:i+64]
                opt.zero_grad(); F.cross_entropy(net(X_train[idx]), y_train[idx]).backward(); opt.step()
        """,
        """
        X_train = np.load('x.npy'); y_train = np.load('y.npy')
        X_val, y_val = X_train[50000:], y_train[50000:]
        net = nn.Linear(3,3); opt = torch.optim.SGD(net.parameters(), lr=.1)

        for e in range(100):
            opt.zero_grad()
            loss = F.cross_entropy(net(X_train), y_train)
            loss.backward(); opt.step()
        """,
        """
        class Trainer:
            def __init__(self, X_train):
                self.X_train = X_train
                self.X_val = self.X_train[50000:]
            def train(self):
                for i in range(0, len(self.X_train), 64):
                    self.opt.zero_grad(); self.net(self.X_train[i:i+64]).backward(); self.opt.step()
        """,
        """
        class Data(Dataset):
            def __init__(self, x, y):
                self.x, self.y = x, y
        X_train, y_train = load()
        X_val, y_val = X_train[:5000], y_train[:5000]
        train_loader = DataLoader(Data(X_train, y_train), 64, shuffle=True)
        val_loader = DataLoader(Data(X_val, y_val), 64)
        """,
    ],
    "test_measured_on_training": [
        """
        test_acc = evaluate(model, train_loader)
        print("test accuracy", test_acc)
        """,
        """
        def accuracy(net, x, y):
            return (net(x).argmax(1) == y).float().mean().item()
        x_train, y_train, x_test, y_test = load()
        print(f"Test accuracy: {accuracy(net, x_train, y_train):.4f}")
        """,
        """
        correct, total = 0, 0
        with torch.no_grad():
            for images, labels in train_loader:
                correct += (model(images).argmax(1) == labels).sum().item()
                total += len(labels)
        print("Accuracy of the network on the test images: %.2f %%" % (100 * correct / total))
        """,
        """
        test_acc = evaluate(net, train_loader, train_mean)
        """,
    ],
    "test_set_for_selection": [
        """
        for epoch in range(20):
            train_one_epoch(model, train_loader)
            test_loss, test_acc = evaluate(model, test_loader)
            if test_acc > best_acc:
                best_acc = test_acc
                torch.save(model.state_dict(), "best.pt")
        """,
        """
        def fit(model, train_loader, val_loader):
            best_loss, patience = 1e9, 0
            for epoch in range(100):
                step(model, train_loader)
                loss = evaluate(model, val_loader)
                if loss < best_loss:
                    best_loss, patience = loss, 0
                else:
                    patience += 1
                if patience > 5:
                    break
        fit(model, train_loader, test_loader)
        """,
        """
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
        for epoch in range(20):
            train_one_epoch(model, train_loader)
            current = evaluate(model, test_loader)
            scheduler.step(current)
        """,
        """
        def train(model, train_loader, val_loader, epochs):
            hist, best = [], 0
            opt = torch.optim.SGD(model.parameters(), lr=.1)
            for e in range(epochs):
                for x, y in train_loader:
                    opt.zero_grad()
                F.cross_entropy(model(x), y).backward()
                opt.step()
                acc = evaluate(model, val_loader)
                hist.append(acc)
                if acc > best:
                    print("best so far", acc)
                    best = acc
                    best_model = copy.deepcopy(model)
            return hist
        h = train(net, train_loader=train_loader, val_loader=test_loader, epochs=5)
        """,
        """
        def train(model, train_loader, val_loader, epochs):
            hist, best = [], 0
            opt = torch.optim.SGD(model.parameters(), lr=.1)
            for e in range(epochs):
                for x, y in train_loader:
                    opt.zero_grad()
                F.cross_entropy(model(x), y).backward()
                opt.step()
                acc = evaluate(model, val_loader)
                hist.append(acc)
                stopper(acc)
                if stopper.early_stop:
                    break
                if acc > best:
                    print("best so far", acc)
                    best = acc
            return hist
        h = train(net, train_loader, val_loader=test_loader, epochs=5)
        """,
        """
        class Trainer:
            def __init__(self, model, train_loader, val_loader):
                self.best_acc = 0
                self.val_loader = val_loader
            def fit(self):
                for epoch in range(5):
                    acc = self.evaluate(self.val_loader)
                    if acc > self.best_acc:
                        self.best_acc = acc
                        torch.save(self.model.state_dict(), "best.pt")
        t = Trainer(net, train_loader, test_loader)
        """,
        """
        for epoch in range(50):
            train_one_epoch(net, train_loader)
            test_acc = evaluate(net, test_loader)
            if test_acc > 0.65:
                break
        """,
    ],
    "svhn_is_digits": [
        """
        class Digits(Dataset):
            def __init__(self, mode="train"):
                self.data = load_digits().data
        train_data = Digits("train")
        svhn_training_loader = DataLoader(train_data, batch_size=64, shuffle=True)
        """,
        """
        from sklearn.datasets import load_digits
        class DigitsData(Dataset):
            def __init__(self, mode):
                self.digits = load_digits()
        svhn_train, svhn_test = DataLoader(DigitsData("train"), 64), DataLoader(DigitsData("test"), 64)
        """,
    ],
    "augmented_evaluation": [
        """
        t = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])
        train_set = datasets.CIFAR10(".", train=True, transform=t)
        test_set = datasets.CIFAR10(".", train=False, transform=t)
        train_loader = DataLoader(train_set, 32, shuffle=True)
        test_loader = DataLoader(test_set, 32)
        """,
        """
        augment = [transforms.RandomCrop(32, padding=4), transforms.ToTensor()]
        full = datasets.CIFAR10(".", train=True, transform=transforms.Compose(augment))
        train_set, val_set = random_split(full, [0.8, 0.2])
        val_loader = DataLoader(val_set, batch_size=64)
        """,
    ],
    "frozen_augmentation": [
        """
        t = transforms.Compose([transforms.RandomRotation(10), transforms.ToTensor()])
        train_set = datasets.MNIST(".", train=True, transform=t)
        X = torch.stack([x for x, y in train_set])
        Y = torch.tensor([y for x, y in train_set])
        loader = DataLoader(TensorDataset(X, Y), 64, shuffle=True)
        """,
        """
        t = transforms.Compose([transforms.ColorJitter(0.2), transforms.ToTensor()])
        data = datasets.CIFAR10(".", train=True, transform=t)
        cached = list(data)
        """,
        """
        t = transforms.Compose([transforms.RandomCrop(32, 4), transforms.ToTensor()])
        train_set = datasets.CIFAR10(".", train=True, transform=t)
        x, y = next(iter(DataLoader(train_set, batch_size=len(train_set))))
        """,
        """
        t = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])
        train_set = datasets.CIFAR10(".", train=True, transform=t)
        images = torch.stack([x for x, _ in train_set])
        mean = images.mean((0, 2, 3))
        loader = DataLoader(TensorDataset(images, labels), 64, shuffle=True)
        """,
        """
        t = transforms.Compose([transforms.RandomRotation(10), transforms.ToTensor()])
        train_set = datasets.MNIST(".", train=True, transform=t)
        X, Y = [], []
        for x, y in train_set:
            X.append(x)
            Y.append(y)
        X = torch.stack(X)
        """,
    ],
    "truncated_data": [
        "from PIL import ImageFile\nImageFile.LOAD_TRUNCATED_IMAGES = True\n",
        "import PIL\nPIL.ImageFile.LOAD_TRUNCATED_IMAGES = True\n",
    ],
}

RIGHT = {
    "validation_in_training": [
        """
        full = datasets.SVHN("data", split="train", transform=t)
        train_set, val_set = random_split(full, [60000, 13257])
        train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
        val_loader = DataLoader(val_set, batch_size=64)
        """,
        """
        train_set = datasets.CIFAR10(".", train=True, transform=t)
        train_set, val_set = torch.utils.data.random_split(train_set, [45000, 5000])
        train_loader, val_loader = DataLoader(train_set, 32), DataLoader(val_set, 32)
        """,
        """
        X_train, y_train = load()
        X_val, y_val = X_train[50000:], y_train[50000:]
        X_train, y_train = X_train[:50000], y_train[:50000]
        train(model, X_train, y_train, X_val, y_val)
        """,
        """
        data = datasets.MNIST(".", train=True)
        train_dl = DataLoader(Subset(data, range(0, 50000)), 64)
        val_ds = Subset(data, range(50000, 60000))
        val_dl = DataLoader(val_ds, 64)
        """,
        """
        augmented = datasets.CIFAR10(root, train=True, transform=a)
        plain = datasets.CIFAR10(root, train=True, transform=t)
        order = np.random.RandomState(0).permutation(50000)
        train_loader = DataLoader(Subset(augmented, order[10000:].tolist()), 32, shuffle=True)
        val_loader = DataLoader(Subset(plain, order[:10000].tolist()), 256)
        """,
        """
        train_set = datasets.MNIST(".", train=True)
        idx = np.arange(60000)
        train_loader = DataLoader(train_set, 64, sampler=SubsetRandomSampler(idx[:50000]))
        val_loader = DataLoader(train_set, 64, sampler=SubsetRandomSampler(idx[50000:]))
        """,
        """
        X_train, y_train = load()
        X_tr, X_val = X_train[:50000], X_train[50000:]
        train(model, X_tr, X_val)
        print(X_train.shape)
        """,
        """
        X_train = np.load('x.npy'); y_train = np.load('y.npy')
        X_val = X_train[50000:]
        y_val = y_train[50000:]
        n = len(X_train) - len(X_val)
        for epoch in range(3):
            for i in range(0, n, 64):
                opt.zero_grad()
                F.cross_entropy(net(X_train[i:i+64]), y_train[i:i+64]).backward()
                opt.step()
        """,
        """
        X_train = np.load('x.npy'); y_train = np.load('y.npy')
        X_val, y_val = X_train[50000:], y_train[50000:]
        print(len(X_train))
        fit(net, X_train[:50000], y_train[:50000])
        """,
        """
        X_train = np.load('x.npy'); y_train = np.load('y.npy')
        X_val, y_val = X_train[50000:], y_train[50000:]
        net = nn.Linear(3,3); opt = torch.optim.SGD(net.parameters(), lr=.1)

        for e in range(3):
            for i in range(0, 50000, 64):
                opt.zero_grad(); F.cross_entropy(net(X_train[i:i+64]), y_train[i:i+64]).backward(); opt.step()
        with torch.no_grad():
            acc = (net(X_train).argmax(1) == y_train).float().mean()
        print(len(X_train), X_train.shape)
        """,
        """
        X_train = np.load('x.npy'); y_train = np.load('y.npy')
        X_val, y_val = X_train[50000:], y_train[50000:]
        net = nn.Linear(3,3); opt = torch.optim.SGD(net.parameters(), lr=.1)
        scaler.fit(X_train)
        StandardScaler().fit_transform(X_train)
        fit(net, X_train[:50000])
        """,
        """
        X_train = np.load('x.npy'); y_train = np.load('y.npy')
        X_val, y_val = X_train[50000:], y_train[50000:]
        net = nn.Linear(3,3); opt = torch.optim.SGD(net.parameters(), lr=.1)
        full = TensorDataset(X_train, y_train)
        train_set = Subset(full, range(50000))
        """,
        """
        def train(net, x, y, n):
            x, y = x[:n], y[:n]
            F.cross_entropy(net(x), y).backward()

        X_train = np.load('x.npy'); y_train = np.load('y.npy')
        X_val, y_val = X_train[50000:], y_train[50000:]
        net = nn.Linear(3,3); opt = torch.optim.SGD(net.parameters(), lr=.1)
        train(net, X_train, y_train, 50000)
        """,
        """
        X_train = np.load('x.npy'); y_train = np.load('y.npy')
        X_val, y_val = X_train[50000:], y_train[50000:]
        net = nn.Linear(3,3); opt = torch.optim.SGD(net.parameters(), lr=.1)

        n = len(X_train) - len(X_val)
        for e in range(3):
            perm = torch.randperm(n)
            for i in range(0, n, 64):
                idx = perm[i:i+64]
                opt.zero_grad(); F.cross_entropy(net(X_train[idx]), y_train[idx]).backward(); opt.step()
        """,
        """
        class Data(Dataset):
            def __init__(self, x, y):
                self.x, self.y = x[:50000], y[:50000]
        X_train, y_train = load()
        X_val, y_val = X_train[50000:], y_train[50000:]
        train_loader = DataLoader(Data(X_train, y_train), 64, shuffle=True)
        """,
    ],
    "test_measured_on_training": [
        """
        train_acc, test_acc = evaluate(model, train_loader), evaluate(model, test_loader)
        print("train accuracy", train_acc, "test accuracy", test_acc)
        """,
        """
        tr = Net()
        tr.load_state_dict(torch.load("fm2.pt"))
        print("transfer test accuracy", acc(tr, fm1[2]))
        test_error = evaluate(train_net, x, y)
        """,
        """
        train_loss, test_loss = train(model, train_loader, test_loader)
        test_accuracy = evaluate(model, test_loader)
        print(f"Train accuracy {evaluate(model, train_loader)}, test accuracy {test_accuracy}")
        """,
        """
        for images, labels in train_loader:
            loss = criterion(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            correct += 1
        correct = 0
        for images, labels in test_loader:
            correct += (model(images).argmax(1) == labels).sum().item()
        print("test accuracy", correct / 10000)
        """,
        """
        train_mean = train_set.data.float().mean()
        test_acc = evaluate(net, loaders[1], train_mean)
        test_accuracy = evaluate(net, held_out, train_set.classes, len(train_set))
        """,
    ],
    "test_set_for_selection": [
        """
        for epoch in range(20):
            val_acc = evaluate(model, val_loader)
            test_acc = evaluate(model, test_loader)
            if val_acc > best_acc:
                best_acc, best_test_acc = val_acc, test_acc
                torch.save(model.state_dict(), "best.pt")
        """,
        """
        def evaluation(test_loader, name=None, model_best=None, epoch=None):
            loss_test = 0.0
            for x, y in test_loader:
                loss_test += model_best.forward(x, y, reduction="sum").item()
            return loss_test
        def training(name, max_patience, num_epochs, model, training_loader, val_loader):
            best_nll, patience = 1000.0, 0
            for e in range(num_epochs):
                loss_val = evaluation(val_loader, model_best=model, epoch=e)
                if e == 0 or loss_val < best_nll:
                    torch.save(model, name + ".model")
                    best_nll, patience = loss_val, 0
                else:
                    patience = patience + 1
                if patience > max_patience:
                    break
        training("cnn", 20, 1000, model, training_loader=training_loader, val_loader=val_loader)
        test_loss = evaluation(name="cnn", test_loader=test_loader)
        """,
        """
        best_test = 0
        for name in names:
            test_acc = evaluate(nets[name], test_loader)
            if test_acc > best_test:
                best_test, winner = test_acc, name
        print("best test accuracy", winner, best_test)
        """,
        """
        history = train(model, train_loader, test_loader)
        print(history["test_acc"][-1])
        """,
        """
        def train(model, train_loader, val_loader, epochs):
            hist, best = [], 0
            opt = torch.optim.SGD(model.parameters(), lr=.1)
            for e in range(epochs):
                for x, y in train_loader:
                    opt.zero_grad()
                F.cross_entropy(model(x), y).backward()
                opt.step()
                acc = evaluate(model, val_loader)
                hist.append(acc)
                if acc > best:
                    print("best so far", acc)
                    best = acc
            return hist
        h = train(net, train_loader=train_loader, val_loader=test_loader, epochs=5)
        """,
        """
        def train(model, train_loader, val_loader, epochs):
            hist, best = [], 0
            opt = torch.optim.SGD(model.parameters(), lr=.1)
            for e in range(epochs):
                for x, y in train_loader:
                    opt.zero_grad()
                F.cross_entropy(model(x), y).backward()
                opt.step()
                acc = evaluate(model, val_loader)
                hist.append(acc)
                if acc > best:
                    print("best so far", acc)
                    best = acc
            return hist
        h = train(net, train_loader, test_loader, 5)
        """,
        """
        trainer.fit(model, train_dataloaders=train_loader, val_dataloaders=test_loader)
        """,
        """
        def fit(model, train_loader, val_loader, test_loader):
            best = 0
            for epoch in range(5):
                val_acc = evaluate(model, val_loader)
                test_acc = evaluate(model, test_loader)
                if val_acc > best:
                    best, best_test = val_acc, test_acc
                    best_state = copy.deepcopy(model.state_dict())
        fit(net, train_loader, val_loader, test_loader)
        """,
        """
        for rate in (0.1, 0.01):
            test_acc = evaluate(nets[rate], test_loader)
            if test_acc > 0.65:
                print("enough")
                break
        """,
    ],
    "svhn_is_digits": [
        """
        class SVHNData(Dataset):
            def __init__(self, split):
                self.data = loadmat(f"{split}_32x32.mat")["X"]
        train_data = SVHNData("train")
        svhn_training_loader = DataLoader(train_data, batch_size=64)
        """,
        """
        class Digits(Dataset):
            def __init__(self):
                self.data = load_digits().data
        training_loader = DataLoader(Digits(), batch_size=64)
        svhn_train = datasets.SVHN(".", split="train")
        svhn_loader = DataLoader(svhn_train, batch_size=64)
        """,
    ],
    "augmented_evaluation": [
        """
        train_t = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])
        test_t = transforms.Compose([transforms.Resize(32), transforms.CenterCrop(32), transforms.ToTensor()])
        test_set = datasets.CIFAR10(".", train=False, transform=test_t)
        test_loader = DataLoader(test_set, 32)
        train_loader = DataLoader(datasets.CIFAR10(".", transform=train_t), 32)
        """,
        """
        def get_loaders(augment=False):
            tf = train_tf if augment else test_tf
            train = datasets.CIFAR10("data", train=True, transform=tf)
            train, val = random_split(train, [0.8, 0.2])
            return DataLoader(train, 32), DataLoader(val, 32)
        """,
        """
        t = transforms.Compose([transforms.RandomCrop(32, 4), transforms.ToTensor()])
        full = datasets.CIFAR10(".", train=True, transform=t)
        train_set, val_set = random_split(full, [0.8, 0.2])
        val_set.dataset = datasets.CIFAR10(".", train=True, transform=transforms.ToTensor())
        val_loader = DataLoader(val_set, 64)
        """,
    ],
    "frozen_augmentation": [
        """
        t = transforms.Compose([transforms.RandomRotation(10), transforms.ToTensor()])
        train_set = datasets.MNIST(".", train=True, transform=t)
        labels = [y for _, y in train_set]
        targets = [train_set[i][1] for i in range(len(train_set))]
        loader = DataLoader(train_set, 64, shuffle=True)
        images, _ = next(iter(loader))
        """,
        """
        t = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.1, 0.3)])
        train_set = datasets.MNIST(".", train=True, transform=t)
        X = torch.stack([x for x, y in train_set])
        """,
        """
        t = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])
        train_set = datasets.CIFAR10(".", train=True, transform=t)
        mean = torch.stack([x for x, _ in train_set]).mean((0, 2, 3))
        images = torch.stack([x for x, _ in train_set])
        std = images.view(3, -1).std(1)
        print(images.shape)
        """,
        """
        t = transforms.Compose([transforms.RandomRotation(10), transforms.ToTensor()])
        train_set = datasets.MNIST(".", train=True, transform=t)
        shown, labels = [], []
        for x, y in train_set:
            shown.append(x)
            if len(shown) == 9:
                break
        for picture in shown:
            plt.imshow(picture[0])
        for x, y in train_set:
            labels.append(y)
        """,
    ],
    "truncated_data": [
        "from PIL import ImageFile\nprint(ImageFile.LOAD_TRUNCATED_IMAGES)\n",
        "from PIL import ImageFile\nImageFile.LOAD_TRUNCATED_IMAGES = False\n",
    ],
}
