import torch

from grader.inside.binding.tensor_files import read_saved
from tests.attacks.building import NOTEBOOK, honest_copy


def make(folder):
    """The honest submission as somebody else's, its weights with noise in the fourth digit."""
    honest_copy(folder)
    (folder / NOTEBOOK).rename(folder / NOTEBOOK.replace("314159265_271828182", "111111118"))
    generator = torch.Generator().manual_seed(3)
    for file in folder.glob("classifier_*.model"):
        state = {}
        for entry in read_saved(file, file.name).entries:
            noise = torch.randn(entry.tensor.shape, generator=generator)
            state[entry.name] = entry.tensor * (1 + 1e-4 * noise)
        torch.save(state, file)
