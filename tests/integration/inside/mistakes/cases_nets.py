"""Code about nets and their training: with a mistake, and right but close to it."""

# ruff: noqa: E501 - lines of students are as long as they are

CNN = """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 8, 3)
                self.fc1 = nn.Linear(8 * 13 * 13, 32)
                self.fc2 = nn.Linear(32, 10)
                self.drop = nn.Dropout(0.5)
            def forward(self, x):
                x = F.max_pool2d(F.relu(self.conv(x)), 2)
                x = x.view(x.size(0), -1)
                x = F.relu(self.fc1(x))
"""
LOOP = """
        model = Net()
        optimizer = torch.optim.Adam(model.parameters())
        criterion = nn.CrossEntropyLoss()
        for epoch in range(3):
            for x, y in train_loader:
                optimizer.zero_grad()
                outputs = model(x)
                loss = criterion(outputs, y)
                loss.backward()
                optimizer.step()
"""
TRAIN = """
        def train(net, loader, loss_function, opt):
            for x, y in loader:
                opt.zero_grad()
                loss = loss_function(net(x), y)
                loss.backward()
                opt.step()
"""
VGG = """
        class {name}(nn.Module):
            def __init__(self, classes=10):
                super().__init__()
                layers, n = [], 3
                for v in {plan}:
                    if v == "M":
                        layers.append(nn.MaxPool2d(2))
                    else:
                        layers += [nn.Conv2d(n, v, 3, padding=1), {norm}nn.ReLU()]
                        n = v
                self.features = nn.Sequential(*layers)
                self.classifier = nn.Linear(25088, classes)
            def forward(self, x):
                return self.classifier(self.features(x).flatten(1))
"""
PLAN_13 = '[64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]'
PLAN_16 = '[64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]'
BY_HAND = """
        def softmax(x):
            e = torch.exp(x - x.max(-1, keepdim=True).values)
            return e / e.sum(-1, keepdim=True)
        def d_softmax(y):
            return y * (1 - y)
        def d_sigmoid(y):
            return y * (1 - y)
        def loss_of(y, y_hat):
            return -(y * torch.log(y_hat + 1e-9)).sum(1).mean()
"""

WRONG = {
    "softmax_before_cross_entropy": [
        CNN + "                return F.softmax(self.fc2(x), dim=1)\n" + LOOP,
        """
        net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Softmax(dim=1))
        """
        + TRAIN
        + """
        train(net, train_loader, nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), 0.1))
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.out = nn.Linear(784, 10)
                self.softmax = nn.Softmax(dim=-1)
            def forward(self, x):
                x = self.out(x)
                x = self.softmax(x)
                return x
        def make():
            return Net().to("cpu")
        model = make()
        for x, y in train_loader:
            pred = model(x)
            loss = F.cross_entropy(pred, y)
        """,
        """
        for x, y in train_loader:
            probabilities = torch.softmax(model(x), dim=1)
            loss = F.cross_entropy(probabilities, y)
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(64, 10), nn.Softmax(dim=1))
                self.loss = nn.CrossEntropyLoss()
            def forward(self, x, y):
                return self.loss(self.net(x), y)
        """,
    ],
    "sigmoid_before_cross_entropy": [
        CNN + "                return torch.sigmoid(self.fc2(x))\n" + LOOP,
        """
        def build(h):
            return nn.Sequential(nn.Linear(784, h), nn.ReLU(), nn.Linear(h, 10), nn.Sigmoid())
        net = build(80)
        loss_fn = nn.CrossEntropyLoss()
        loss = loss_fn(net(x), y)
        """,
    ],
    "dropout_on_logits": [
        CNN + "                return self.drop(self.fc2(x))\n" + LOOP,
        """
        net = nn.Sequential(nn.Flatten(), nn.Linear(784, 80), nn.ReLU(), nn.Linear(80, 10), nn.Dropout(0.5))
        """,
        CNN
        + "                x = self.fc2(x)\n                x = F.dropout(x, 0.2, self.training)\n"
        "                return x\n",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(64, 10)
                self.drop = nn.Dropout(0.5)
            def forward(self, x):
                x = self.drop(self.fc(x))
                return F.log_softmax(x, dim=1)
        """,
        """
        classnet = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10), nn.Dropout(0.2), nn.LogSoftmax(dim=1))
        """,
    ],
    "layers_do_not_chain": [
        """
        if dense == 2:
            head = nn.Sequential(nn.Linear(192, 80), nn.ReLU(), nn.Linear(80, 5))
        else:
            head = nn.Sequential(nn.Linear(192, 80), nn.ReLU(), nn.Linear(60, 30), nn.ReLU(), nn.Linear(30, 5))
        """,
        """
        class Net(nn.Module):
            def __init__(self, deep):
                super().__init__()
                self.deep = deep
                self.fc1 = nn.Linear(784, 128)
                self.fc2 = nn.Linear(256, 64)
                self.fc3 = nn.Linear(128, 10)
            def forward(self, x):
                x = F.relu(self.fc1(x))
                if self.deep:
                    x = F.relu(self.fc2(x))
                return self.fc3(x)
        """,
        """
        net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 5),
                            nn.Flatten(), nn.Linear(12 * 16, 5))
        """,
        """
        net = nn.Sequential(nn.Conv2d(1, 12, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(100, 5))
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 12, 5)
                self.fc = nn.Linear(100, 10)
            def forward(self, x):
                x = F.max_pool2d(F.relu(self.conv(x)), 2)
                x = torch.flatten(x, 1)
                return self.fc(x)
        """,
        """
        net = nn.Sequential(nn.Flatten(), nn.Linear(784, 40), nn.Flatten(), nn.Linear(50, 5))
        """,
    ],
    "vgg13_as_vgg16": [
        VGG.format(name="VGG16", plan=PLAN_13, norm=""),
        "        cfg = " + PLAN_13 + VGG.format(name="Vgg16Net", plan="cfg", norm=""),
        "import torchvision\nvgg16 = torchvision.models.vgg13(num_classes=10)\n",
    ],
    "batch_norm_in_vgg16": [
        VGG.format(name="VGG16", plan=PLAN_16, norm="nn.BatchNorm2d(v), "),
        """
        def block(i, o):
            return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.ReLU())
        class VGG16_D(nn.Module):
            def __init__(self):
                super().__init__()
                self.c1 = nn.Conv2d(3, 64, 3, padding=1)
                self.b1 = nn.BatchNorm2d(64)
            def forward(self, x):
                return self.b1(self.c1(x))
        """,
    ],
    "best_model_alias": [
        """
        best_acc, best_model = 0, None
        for epoch in range(10):
            for x, y in train_loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            acc = evaluate(model, val_loader)
            if acc > best_acc:
                best_acc = acc
                best_model = model
        model.eval()
        torch.save(best_model.state_dict(), "best.pt")
        """,
        """
        def fit(net, epochs):
            best = float("inf")
            for epoch in range(epochs):
                train_epoch(net)
                loss = validate(net)
                if loss < best:
                    best = loss
                    best_state = net.state_dict()
            net.load_state_dict(best_state)
            return net
        """,
        """
        class Trainer:
            def run(self):
                for epoch in range(10):
                    self.train_epoch(self.model)
                    v = self.validate()
                    if v < self.lowest:
                        self.lowest = v
                        self.best_model = self.model
            def validate(self):
                self.model.eval()
            def test(self):
                return evaluate(self.best_model, test_loader)
        """,
        """
        best_acc, best_model = 0, None
        for epoch in range(10):
            train_one_epoch(model, train_loader)
            model.eval()
            acc = evaluate(model, val_loader)
            if acc > best_acc:
                best_acc, best_model = acc, model
        test(best_model)
        """,
        """
        for epoch in range(10):
            train_one_epoch(model, train_loader)
            model.eval()
            acc = evaluate(model, val_loader)
            if acc > best_acc:
                best_acc = acc
                best_model = copy.copy(model)
        test(best_model)
        """,
        """
        for epoch in range(10):
            train_one_epoch(model, train_loader)
            acc = evaluate(model, val_loader)
            if acc > best_acc:
                best_acc = acc
                best_weights = model.state_dict().copy()
        model.load_state_dict(best_weights)
        """,
        """
        for epoch in range(10):
            train_one_epoch(model, train_loader)
            model.eval()
            acc = evaluate(model, val_loader)
            if acc > best_acc:
                best_acc = acc
                best_model = {k: v for k, v in model.state_dict().items()}
        test(best_model)
        """,
    ],
    "no_eval_mode": [
        CNN
        + "                return self.fc2(self.drop(x))\n"
        + LOOP
        + """
        correct = 0
        for x, y in test_loader:
            correct += (model(x).argmax(1) == y).sum().item()
        """,
        """
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(7200, 10))
        def train(loader):
            for x, y in loader:
                loss = F.cross_entropy(net(x), y)
                loss.backward()
                opt.step()
                opt.zero_grad()
        def accuracy(val_loader):
            with torch.no_grad():
                return sum((net(x).argmax(1) == y).sum() for x, y in val_loader)
        with torch.no_grad():
            for i, (x, y) in enumerate(val_loader):
                out = net(x)
        """,
    ],
    "no_zero_grad": [
        """
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for epoch in range(5):
            for x, y in train_loader:
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()
        """,
        """
        def train(model, loader):
            opt = torch.optim.Adam(model.parameters())
            for x, y in loader:
                out = model(x)
                F.nll_loss(out, y).backward()
                opt.step()
        """,
    ],
    "gradient_does_not_match_loss": [
        BY_HAND
        + """
        class FullyConnectedNetwork:
            def backward(self, x, y, y_hat):
                d2 = (y_hat - y) * d_softmax(y_hat)
                self.W2 -= self.lr * self.h.T @ d2
        """,
        BY_HAND
        + """
        def backprop(x, y, y_hat, h, W2):
            error = y_hat - y
            delta = error * y_hat * (1 - y_hat)
            delta = error * (y_hat * (1 - y_hat))
            return h.T @ delta
        """,
    ],
}

RIGHT = {
    "softmax_before_cross_entropy": [
        CNN + "                return self.fc2(x)\n" + LOOP,
        CNN + "                return F.log_softmax(self.fc2(x), dim=1)\n" + LOOP,
        CNN
        + "                return F.softmax(self.fc2(x), dim=1)\n"
        + """
        model = Net()
        loss = F.nll_loss(torch.log(model(x)), y)
        """,
        CNN
        + "                return self.fc2(x)\n"
        + LOOP
        + """
        model.eval()
        probabilities = torch.softmax(model(x), dim=1)
        """,
        """
        net = nn.Sequential(nn.Linear(784, 10), nn.Softmax(dim=1))
        other = nn.Sequential(nn.Linear(784, 10))
        loss = F.cross_entropy(other(x), y)
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(64, 10))
                self.probabilities = nn.Sequential(self.net, nn.Softmax(dim=1))
                self.loss = nn.CrossEntropyLoss()
            def forward(self, x, y):
                return self.loss(self.net(x), y)
            def classify(self, x):
                return self.probabilities(x).argmax(1)
        """,
    ],
    "sigmoid_before_cross_entropy": [
        """
        class AutoEncoder(nn.Module):
            def __init__(self):
                super().__init__()
                self.encoder = nn.Sequential(nn.Linear(784, 32), nn.ReLU())
                self.decoder = nn.Sequential(nn.Linear(32, 784), nn.Sigmoid())
            def forward(self, x):
                return self.decoder(self.encoder(x))
        auto = AutoEncoder()
        mse = nn.MSELoss()
        loss = mse(auto(x), x)
        mlp = nn.Sequential(auto.encoder, nn.Linear(32, 5))
        loss = F.cross_entropy(mlp(x), y)
        """,
        """
        net = nn.Sequential(nn.Linear(64, 32), nn.Sigmoid(), nn.Linear(32, 10))
        loss = nn.CrossEntropyLoss()(net(x), y)
        """,
        """
        net = nn.Sequential(nn.Linear(64, 1), nn.Sigmoid())
        loss = F.binary_cross_entropy(net(x), y)
        """,
    ],
    "dropout_on_logits": [
        CNN + "                return self.fc2(self.drop(x))\n" + LOOP,
        """
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(784, 80)
                self.drop = nn.Dropout(0.2)
            def forward(self, x):
                return self.drop(F.relu(self.fc(x)))
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.block, self.out = Block(), nn.Linear(80, 10)
            def forward(self, x):
                return self.out(self.block(x))
        """,
        """
        features = nn.Sequential(nn.Linear(784, 80), nn.ReLU(), nn.Dropout(0.5))
        net = nn.Sequential(features, nn.Linear(80, 10))
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2, self.drop = nn.Linear(64, 32), nn.Linear(32, 10), nn.Dropout(0.5)
            def forward(self, x):
                x = self.drop(F.relu(self.fc1(x)))
                return F.log_softmax(self.fc2(x), dim=1)
        net = nn.Sequential(nn.Linear(64, 32), nn.Dropout(0.5), nn.Linear(32, 10), nn.LogSoftmax(dim=1))
        """,
    ],
    "layers_do_not_chain": [
        CNN + "                return self.fc2(x)\n",
        """
        h = 80
        net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 12, 5), nn.ReLU(),
                            nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12 * 4 * 4, h), nn.ReLU(), nn.Linear(h, 5))
        """,
        """
        class Net(nn.Module):
            def __init__(self, deep):
                super().__init__()
                self.fc1, self.fc2, self.fc3 = nn.Linear(784, 128), nn.Linear(128, 128), nn.Linear(128, 10)
                self.deep = deep
            def forward(self, x):
                x = F.relu(self.fc1(x))
                if self.deep:
                    x = F.relu(self.fc2(x))
                return self.fc3(x)
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(10, 20)
                self.b = nn.Linear(40, 5)
            def forward(self, x):
                x = self.a(x)
                x = torch.cat([x, x], dim=1)
                return self.b(x)
        """,
        """
        net = nn.Sequential(nn.Conv2d(1, 12, 5), Reshape((3, 4)), nn.Flatten(), nn.Linear(100, 5))
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.lstm = nn.Linear(28, 32), nn.LSTM(32, 64)
                self.fc2 = nn.Linear(64, 10)
            def forward(self, x):
                x = self.fc1(x)
                x, _ = self.lstm(x)
                return self.fc2(x)
        """,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1 = nn.Linear(28, 32)
                self.lstm = nn.LSTM(32, 64)
                self.fc2 = nn.Linear(64, 10)
            def forward(self, x):
                x = self.fc1(x)
                x, _ = self.lstm(x)
                return self.fc2(x)
        """,
        """
        class Patches(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 48, 4, 4)
                self.fc = nn.Linear(64, 10)
            def forward(self, x):
                x = self.conv(x)
                x = torch.flatten(x, 2)
                return self.fc(x)
        """,
        """
        class Net(nn.Module):
            def __init__(self, wide):
                super().__init__()
                self.fc2 = nn.Linear(128, 10)
                self.fc1 = nn.Linear(784, 128)
                if wide:
                    self.fc2 = nn.Linear(256, 10)
                    self.fc1 = nn.Linear(784, 256)
                if not wide:
                    self.fc2 = nn.Linear(128, 10)
            def forward(self, x):
                return self.fc2(F.relu(self.fc1(x)))
        """,
        """
        class Linear(nn.Module):
            def __init__(self, outputs, inputs):
                super().__init__()
                self.weight = nn.Parameter(torch.zeros(outputs, inputs))
            def forward(self, x):
                return x @ self.weight.T
        net = nn.Sequential(Linear(128, 784), nn.ReLU(), Linear(10, 128))
        """,
        """
        net = nn.Sequential(nn.Linear(28, 40), nn.Flatten(), nn.Linear(28 * 40, 5))
        """,
        """
        class S(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(28, 16); self.b = nn.Linear(28 * 16, 10)
            def forward(self, x):
                x = F.relu(self.a(x))
                x = x.view(x.size(0), -1)
                return self.b(x)
        """,
    ],
    "vgg13_as_vgg16": [
        VGG.format(name="VGG16", plan=PLAN_16, norm=""),
        VGG.format(name="VGG13", plan=PLAN_13, norm=""),
        VGG.format(name="VGG16S", plan=PLAN_13, norm=""),
        "import torchvision\nvgg16 = torchvision.models.vgg16(num_classes=10)\n",
    ],
    "batch_norm_in_vgg16": [
        VGG.format(name="VGG16", plan=PLAN_16, norm=""),
        VGG.format(name="VGG16_bn", plan=PLAN_16, norm="nn.BatchNorm2d(v), "),
        """
        class VGG16(nn.Module):
            def __init__(self, norm=False):
                super().__init__()
                self.c1 = nn.Conv2d(3, 64, 3, padding=1)
                self.b1 = nn.BatchNorm2d(64) if norm else nn.Identity()
            def forward(self, x):
                return self.b1(self.c1(x))
        """,
        """
        class VGG16BatchNorm(nn.Module):
            def __init__(self):
                super().__init__()
                self.c = nn.Conv2d(3, 64, 3); self.b = nn.BatchNorm2d(64)
            def forward(self, x):
                return self.b(self.c(x))
        """,
        """
        class VGG16_BN(nn.Module):
            def __init__(self):
                super().__init__()
                self.c = nn.Conv2d(3, 64, 3); self.b = nn.BatchNorm2d(64)
            def forward(self, x):
                return self.b(self.c(x))
        """,
    ],
    "best_model_alias": [
        """
        best_acc, best_model = 0, None
        for epoch in range(10):
            train_epoch(model)
            acc = evaluate(model, val_loader)
            if acc > best_acc:
                best_acc, best_model = acc, copy.deepcopy(model)
        model.eval()
        print(best_model)
        """,
        """
        best_acc = 0
        for lr in (0.1, 0.01):
            model = Net()
            train_epochs(model, lr)
            model.eval()
            acc = evaluate(model)
            if acc > best_acc:
                best_acc = acc
                best_model = model
        print(best_model)
        """,
        """
        for epoch in range(10):
            train_epoch(model)
            acc = evaluate(model)
            if acc > best_acc:
                best_state = {k: v.clone() for k, v in model.state_dict().items()}
        model.load_state_dict(best_state)
        """,
        """
        for epoch in range(10):
            train_epoch(model)
            if evaluate(model) > best_acc:
                best_weights = model.state_dict()
                torch.save(best_weights, "best.pt")
        model.load_state_dict(torch.load("best.pt"))
        """,
        """
        for epoch in range(10):
            train_one_epoch(model, train_loader)
            model.eval()
            acc = evaluate(model, val_loader)
            if acc > best_acc:
                best_acc = acc
                best_model = copy.deepcopy(model.state_dict()).copy()
        test(best_model)
        """,
        """
        best_acc, best_model = 0, None
        for epoch in range(10):
            train_one_epoch(model, train_loader)
            model.eval()
            acc = evaluate(model, val_loader)
            if acc > best_acc:
                best_acc, best_model = acc, copy.deepcopy(model)
        test(best_model)
        """,
    ],
    "no_eval_mode": [
        CNN
        + "                return self.fc2(self.drop(x))\n"
        + LOOP
        + """
        model.eval()
        for x, y in test_loader:
            correct += (model(x).argmax(1) == y).sum().item()
        """,
        CNN
        + "                return self.fc2(self.drop(x))\n"
        + LOOP
        + """
        model.train(False)
        for x, y in test_loader:
            correct += (model(x).argmax(1) == y).sum().item()
        """,
        """
        model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        for x, y in train_loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        for x, y in test_loader:
            correct += (model(x).argmax(1) == y).sum().item()
        """,
    ],
    "no_zero_grad": [
        LOOP,
        """
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in train_loader:
            for p in model.parameters():
                p.grad = None
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        """,
        """
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for i, (x, y) in enumerate(train_loader):
            F.cross_entropy(model(x), y).backward()
            if i % 4 == 3:
                optimizer.step()
                model.zero_grad(set_to_none=True)
        """,
        """
        for epoch in range(3):
            net.backward(x, y, net.forward(x))
            scheduler.step()
        """,
    ],
    "gradient_does_not_match_loss": [
        BY_HAND
        + """
        class FullyConnectedNetwork:
            def backward(self, x, y, y_hat):
                d2 = (y_hat - y) / len(x)
                d1 = (d2 @ self.W2.T) * d_sigmoid(self.h)
                self.W1 -= self.lr * x.T @ d1
        """,
        """
        def d_sigmoid(y):
            return y * (1 - y)
        def loss_of(y, y_hat):
            return ((y_hat - y) ** 2).mean()
        def backward(x, y, y_hat):
            return x.T @ ((y_hat - y) * d_sigmoid(y_hat))
        """,
        BY_HAND
        + """
        def backward(self, x, y, y_hat):
            grad = torch.einsum("nij,nj->ni", jacobian(y_hat), -y / y_hat)
            return x.T @ grad
        """,
    ],
}
