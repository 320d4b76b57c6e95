import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np


def plot_curve(path, signal, ylabel, test_eval=None):
    plt.figure()
    plt.plot(np.arange(len(signal)), signal, linewidth=3, label=f"{ylabel} val")
    if test_eval is not None:
        plt.hlines(test_eval, 0, len(signal), linestyles="dashed", label=f"{ylabel} test")
    plt.xlabel("epochs")
    plt.ylabel(ylabel)
    plt.legend()
    plt.savefig(path, bbox_inches="tight")
    plt.close()
