import torch

from grader.inside.binding.tensor_files import read_saved
from tests.attacks.building import PUBLISHED, honest_copy, published


def make(folder):
    """The honest net, but for one layer's filters: nothing in the code says where they are from."""
    honest_copy(folder)
    file = folder / "classifier_cnn.model"
    state = {entry.name: entry.tensor for entry in read_saved(file, file.name).entries}
    (layer,) = (name for name, tensor in state.items() if tuple(tensor.shape) == PUBLISHED)
    state[layer] = torch.from_numpy(published())
    torch.save(state, file)
