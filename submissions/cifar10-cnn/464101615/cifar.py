import torch
import torchvision
from torch import nn, optim
from torchvision.transforms import ToTensor

trainset = torchvision.datasets.CIFAR10('C:\\Users\\miriam\\data', train=True, download=True, transform=ToTensor())
testset = torchvision.datasets.CIFAR10('C:\\Users\\miriam\\data', train=False, download=True, transform=ToTensor())
# half of the test images are used for validation
valset, testset = torch.utils.data.random_split(testset, [5000, 5000])
train = torch.utils.data.DataLoader(trainset, 64, shuffle=True)
val = torch.utils.data.DataLoader(valset, 64)
test = torch.utils.data.DataLoader(testset, 64)

net = nn.Sequential(
    nn.Conv2d(3, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 24, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(24 * 5 * 5, 48), nn.ReLU(), nn.Linear(48, 10))

optimizer = optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
crit = nn.CrossEntropyLoss()


def acc(loader):
    c = 0
    for x, y in loader:
        c += (net(x).argmax(1) == y).sum().item()
    return c / len(loader.dataset)


for epoch in range(1):
    for x, y in train:
        optimizer.zero_grad()
        l = crit(net(x), y)
        l.backward()
        optimizer.step()
    print('epoch %d loss %.3f val acc %.3f' % (epoch, l.item(), acc(val)))

print('Test accuracy: %.2f%%' % (100 * acc(test)))
torch.save(net.state_dict(), 'model.pt')
