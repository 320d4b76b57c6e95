import torch
from torchvision import datasets, transforms

normalize = transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
train_tf = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor(), normalize])
test_tf = transforms.Compose([transforms.ToTensor(), normalize])


def get_loaders(batch_size=32, augment=False):
    train = datasets.CIFAR10("data", train=True, transform=train_tf if augment else test_tf, download=True)
    test = datasets.CIFAR10("data", train=False, transform=test_tf, download=True)
    g = torch.Generator().manual_seed(2022)
    train, val = torch.utils.data.random_split(train, [0.8, 0.2], generator=g)
    return (
        torch.utils.data.DataLoader(train, batch_size=batch_size, shuffle=True),
        torch.utils.data.DataLoader(val, batch_size=batch_size),
        torch.utils.data.DataLoader(test, batch_size=batch_size),
    )
