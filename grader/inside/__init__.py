"""Runs INSIDE the box beside student code: loading, shims, probes.

An island: the host never imports it. It imports the standard library, numpy, torch, itself, and,
where a notebook is run, IPython. Relative imports only: in the box this package is called `inside`.
"""
