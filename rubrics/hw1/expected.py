"""What hw1's derivatives must compute, in float64 and without torch. Runs outside the box.

The handout leaves the convention open, so each function stands for one that submissions use. The
first line of its docstring tells the student which was recognised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]


def d_sigmoid_of_output(y: Floats) -> Floats:
    """The derivative from the sigmoid's output: y(1-y).

    Args:
        y: Outputs of the sigmoid, any shape.
    """
    return y * (1 - y)


def d_sigmoid_of_input(y: Floats) -> Floats:
    """The derivative from the sigmoid's input.

    Args:
        y: Inputs of the sigmoid, any shape.
    """
    import numpy as np

    sigmoid = 1 / (1 + np.exp(-y))
    return sigmoid * (1 - sigmoid)


def d_tanh_of_output(y: Floats) -> Floats:
    """The derivative from tanh's output: 1-y².

    Args:
        y: Outputs of tanh, any shape.
    """
    return 1 - y**2


def d_tanh_of_input(y: Floats) -> Floats:
    """The derivative from tanh's input.

    Args:
        y: Inputs of tanh, any shape.
    """
    import numpy as np

    return 1 - np.tanh(y) ** 2


def softmax(z: Floats) -> Floats:
    """Softmax over the last dimension."""
    import numpy as np

    exponentials = np.exp(z - z.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def jacobian_of_output(s: Floats) -> Floats:
    """The Jacobian from softmax's output.

    Args:
        s: [..., K].

    Returns:
        [..., K, K].
    """
    import numpy as np

    return s[..., :, None] * np.eye(s.shape[-1]) - s[..., :, None] * s[..., None, :]


def jacobian_of_input(s: Floats) -> Floats:
    """The Jacobian from softmax's input.

    Args:
        s: Inputs of softmax, [..., K].

    Returns:
        [..., K, K].
    """
    return jacobian_of_output(softmax(s))


def diagonal_of_output(s: Floats) -> Floats:
    """The Jacobian's diagonal from softmax's output: s(1-s).

    Args:
        s: [..., K].
    """
    return s * (1 - s)


def diagonal_of_input(s: Floats) -> Floats:
    """The Jacobian's diagonal from softmax's input.

    Args:
        s: Inputs of softmax, [..., K].
    """
    return diagonal_of_output(softmax(s))


def product_of_output(s: Floats, g: Floats) -> Floats:
    """The product of a vector with the Jacobian, from softmax's output.

    Args:
        s: [..., K].
        g: The gradient with respect to the output, [..., K].
    """
    inner: Floats = (s * g).sum(axis=-1, keepdims=True)
    return s * (g - inner)


def product_of_input(s: Floats, g: Floats) -> Floats:
    """The product of a vector with the Jacobian, from softmax's input.

    Args:
        s: Inputs of softmax, [..., K].
        g: The gradient with respect to the output, [..., K].
    """
    return product_of_output(softmax(s), g)
