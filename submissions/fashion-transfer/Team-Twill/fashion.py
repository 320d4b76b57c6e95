# Team Twill
import torch, torchvision
import torch.nn as nn, torch.nn.functional as F
import matplotlib.pyplot as plt
torch.manual_seed(3)

trainset = torchvision.datasets.FashionMNIST('/home/twill/data', train=True, download=True)
testset = torchvision.datasets.FashionMNIST('/home/twill/data', train=False, download=True)

def half(ds, cl):
    m = sum(ds.targets == c for c in cl).bool()
    x = ds.data[m].unsqueeze(1) / 255.
    y = ds.targets[m].clone()
    for i, c in enumerate(cl):
        y[ds.targets[m] == c] = i
    return x, y

x1, y1 = half(trainset, [0, 1, 4, 5, 8])
x2, y2 = half(trainset, [2, 3, 6, 7, 9])
p = torch.randperm(30000)
xt1, yt1, xv1, yv1 = x1[p[:25000]], y1[p[:25000]], x1[p[25000:]], y1[p[25000:]]
xt2, yt2, xv2, yv2 = x2[p[:25000]], y2[p[:25000]], x2[p[25000:]], y2[p[25000:]]
xs1, ys1 = half(testset, [0, 1, 4, 5, 8])
xs2, ys2 = half(testset, [2, 3, 6, 7, 9])
print(xt1.shape, xv1.shape, xs1.shape, yt1.unique())


class Net(nn.Module):
    def __init__(self, c2=True, hidden=80):
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.c2 = nn.Conv2d(6, 12, 5) if c2 else None
        self.l1 = nn.Linear(192 if c2 else 864, hidden)
        self.l2 = nn.Linear(hidden, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        if self.c2 is not None:
            x = F.max_pool2d(F.relu(self.c2(x)), 2)
        x = F.relu(self.l1(x.flatten(1)))
        return torch.sigmoid(self.l2(x))


def accloss(net, x, y):
    with torch.no_grad():
        out = net(x)
        return (out.argmax(1) == y).float().mean().item(), F.cross_entropy(out, y).item()


def fit(net, opt, x, y, xv, yv, epochs):
    L, V, A, B = [], [], [], []
    for e in range(epochs):
        q = torch.randperm(len(x))
        for i in range(0, len(x), 100):
            b = q[i:i + 100]
            opt.zero_grad()
            loss = F.cross_entropy(net(x[b]), y[b])
            loss.backward()
            opt.step()
        a, l = accloss(net, x, y)
        va, vl = accloss(net, xv, yv)
        L.append(l); V.append(vl); A.append(a); B.append(va)
        print(e, 'loss', round(l, 4), 'val loss', round(vl, 4), 'acc', round(a, 4), 'val acc', round(va, 4))
    return L, V, A, B


# Question 1
net = Net()
L, V, A, B = fit(net, torch.optim.SGD(net.parameters(), lr=0.005, momentum=0.9), xt1, yt1, xv1, yv1, 9)
plt.plot(L, label='train loss'); plt.plot(V, label='validation loss'); plt.xlabel('epochs'); plt.legend(); plt.savefig('q1loss.png', dpi=45); plt.close()
plt.plot(A, label='train accuracy'); plt.plot(B, label='validation accuracy'); plt.xlabel('epochs'); plt.legend(); plt.savefig('q1acc.png', dpi=45); plt.close()
print('fm1: train accuracy %.4f, validation accuracy %.4f, test accuracy %.4f' % (accloss(net, xt1, yt1)[0], accloss(net, xv1, yv1)[0], accloss(net, xs1, ys1)[0]))
torch.save(net, 'fm1_cnn.pt')

# Question 2
for c2 in (True, False):
    for opt, lr in (('SGD', 0.05), ('Adam', 0.001), ('AdamW', 0.005)):
        n = Net(c2)
        fit(n, getattr(torch.optim, opt)(n.parameters(), lr=lr), xt1, yt1, xv1, yv1, 1)
        print('VARIANT', 2 if c2 else 1, opt, lr, 'train', accloss(n, xt1, yt1), 'val', accloss(n, xv1, yv1), 'test', accloss(n, xs1, ys1))

# Question 3
for i, conv in enumerate((net.c1, net.c2)):
    plt.figure(figsize=(6, 1.5))
    for k in range(6):
        plt.subplot(1, 6, k + 1); plt.imshow(conv.weight[k, 0].detach(), cmap='gray'); plt.axis('off')
    plt.savefig('filters%d.png' % i, dpi=45); plt.close()

# Question 5
net2 = Net()
fit(net2, torch.optim.AdamW(net2.parameters(), lr=0.005, weight_decay=0.05), xt2, yt2, xv2, yv2, 4)
print('fm2: test accuracy %.4f' % accloss(net2, xs2, ys2)[0])
torch.save(net2, 'fm2_cnn.pt')
R, T = [], []
fr = [0.05, 0.25, 0.5, 0.75, 1.0]
for f in fr:
    n = int(25000 * f)
    r = Net()
    fit(r, torch.optim.AdamW(r.parameters(), lr=0.005), xt1[:n], yt1[:n], xv1, yv1, 1)
    t = Net()
    t.load_state_dict(net2.state_dict())
    for q in t.parameters():
        q.requires_grad = False
    t.l2 = nn.Linear(80, 5)
    fit(t, torch.optim.AdamW(t.l2.parameters(), lr=0.005), xt1[:n], yt1[:n], xv1, yv1, 1)
    R.append(accloss(r, xv1, yv1)[1]); T.append(accloss(t, xv1, yv1)[1])
torch.save(t, 'fm1_transfer.pt')
plt.plot(fr, R, label='random'); plt.plot(fr, T, label='transfer'); plt.xlabel('fraction'); plt.ylabel('validation loss'); plt.legend(); plt.savefig('q5.png', dpi=45); plt.close()
