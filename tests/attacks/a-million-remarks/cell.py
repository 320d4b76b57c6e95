import warnings

import matplotlib.pyplot as plt
import numpy as np

for _number in range(300):
    warnings.warn(f"warning {_number} " + "x" * 10_000)
    np.float if hasattr(np, "float") else None
for _number in range(200):
    plt.figure(figsize=(100, 100))
    plt.plot(range(100_000), label="y" * 100_000)
    plt.title("z" * 1_000_000)
    plt.legend()
