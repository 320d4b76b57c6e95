"""Makes this interpreter believe that scikit-learn, and with it the digits, is not installed."""

import importlib.util

_find_spec = importlib.util.find_spec


def _without_sklearn(name, package=None):
    return None if name.partition(".")[0] == "sklearn" else _find_spec(name, package)


importlib.util.find_spec = _without_sklearn
