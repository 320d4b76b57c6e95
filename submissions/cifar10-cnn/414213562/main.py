# CIFAR-10 assignment - Amelie Laurent
import matplotlib
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torchvision import transforms as tt

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

if __name__ == '__main__':
    torch.manual_seed(7)
    dev = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

    stats = ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
    plain = tt.Compose([tt.ToTensor(), tt.Normalize(*stats)])
    flip = tt.Compose([tt.RandomHorizontalFlip(), tt.ToTensor(), tt.Normalize(*stats)])

    train_data = torchvision.datasets.CIFAR10(root='../datasets', train=True, download=True, transform=plain)
    train_flip = torchvision.datasets.CIFAR10(root='../datasets', train=True, download=True, transform=flip)
    test_data = torchvision.datasets.CIFAR10(root='../datasets', train=False, download=True, transform=plain)
    classes = train_data.classes

    # --- 1.1
    fig, axs = plt.subplots(2, 5)
    for c in range(10):
        i = train_data.targets.index(c)
        axs[c // 5][c % 5].imshow(train_data.data[i])
        axs[c // 5][c % 5].set_title(classes[c])
        axs[c // 5][c % 5].axis('off')
    plt.savefig('images.png', dpi=50)
    for name, d in (('train', train_data), ('test', test_data)):
        plt.figure(figsize=(5, 3))
        plt.bar(classes, [d.targets.count(c) for c in range(10)])
        plt.title('classes in the ' + name + ' set')
        plt.xticks(rotation=45)
        plt.savefig('hist_' + name + '.png', dpi=50)

    idx = np.arange(50000)
    np.random.seed(7)
    np.random.shuffle(idx)
    tr_idx, va_idx = idx[:40000], idx[40000:]
    val_loader = torch.utils.data.DataLoader(torch.utils.data.Subset(train_data, va_idx), batch_size=100)
    test_loader = torch.utils.data.DataLoader(test_data, batch_size=100)

    # --- 1.2
    class ConvNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 12, 3, padding=1)
            self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
            self.conv3 = nn.Conv2d(24, 32, 3, padding=1)
            self.fc1 = nn.Linear(32 * 16, 64)
            self.fc2 = nn.Linear(64, 10)

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.conv1(x)), 2)
            x = F.max_pool2d(F.relu(self.conv2(x)), 2)
            x = F.max_pool2d(F.relu(self.conv3(x)), 2)
            x = x.view(x.size(0), -1)
            x = F.relu(self.fc1(x))
            return F.softmax(self.fc2(x), dim=1)

    class ConvNetDropout(ConvNet):
        def __init__(self):
            super().__init__()
            self.bn1 = nn.BatchNorm2d(12)
            self.bn2 = nn.BatchNorm2d(24)
            self.bn3 = nn.BatchNorm2d(32)
            self.drop = nn.Dropout(0.1)

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
            x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
            x = F.max_pool2d(F.relu(self.bn3(self.conv3(x))), 2)
            x = x.view(x.size(0), -1)
            x = self.drop(F.relu(self.fc1(x)))
            return F.softmax(self.fc2(x), dim=1)

    def evaluate(model, loader):
        model.eval()
        right, n, loss = 0, 0, 0.0
        with torch.no_grad():
            for x, y in loader:
                out = model(x.to(dev))
                loss += F.cross_entropy(out, y.to(dev), reduction='sum').item()
                right += (out.argmax(1).cpu() == y).sum().item()
                n += len(y)
        return loss / n, right / n

    def train(model, data, epochs, lr, wd):
        loader = torch.utils.data.DataLoader(torch.utils.data.Subset(data, tr_idx), batch_size=32, shuffle=True)
        criterion = nn.CrossEntropyLoss()
        opt = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=wd)
        h = {'train loss': [], 'val loss': [], 'train acc': [], 'val acc': []}
        best, best_model = 0, None
        for e in range(epochs):
            model.train()
            tl, ta = 0.0, 0
            for i, (x, y) in enumerate(loader):
                opt.zero_grad()
                out = model(x.to(dev))
                loss = criterion(out, y.to(dev))
                loss.backward()
                opt.step()
                tl += loss.item()
                ta += (out.argmax(1).cpu() == y).sum().item()
            vl, va = evaluate(model, val_loader)
            h['train loss'].append(tl / len(loader))
            h['train acc'].append(ta / 40000)
            h['val loss'].append(vl)
            h['val acc'].append(va)
            print('epoch', e + 1, {k: round(v[-1], 4) for k, v in h.items()})
            if va > best:
                best = va
                best_model = model
        return best_model, opt, h

    def plot(h, name):
        for what in ('loss', 'acc'):
            plt.figure(figsize=(5, 3))
            plt.plot(h['train ' + what], label='train')
            plt.plot(h['val ' + what], label='validation')
            plt.xlabel('epoch')
            plt.ylabel(what)
            plt.title(name)
            plt.legend()
            plt.savefig(name.replace(' ', '_') + '_' + what + '.png', dpi=50)

    # --- 1.3
    net, opt, h = train(ConvNet().to(dev), train_data, 5, 1e-3, 0)
    print('Accuracy of the first model on the test images: %.2f %%' % (100 * evaluate(net, test_loader)[1]))
    torch.save({'model': net.state_dict(), 'opt': opt.state_dict()}, 'Amelie_Laurent_1.pt')
    plot(h, 'model 1')

    net, opt, h = train(ConvNetDropout().to(dev), train_flip, 5, 1e-3, 0)
    print('Accuracy of the second model on the test images: %.2f %%' % (100 * evaluate(net, test_loader)[1]))
    torch.save({'model': net.state_dict(), 'opt': opt.state_dict()}, 'Amelie_Laurent_2.pt')
    plot(h, 'model 2')
