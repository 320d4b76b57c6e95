"""Plan probes for a rubric, run boxes, admit evidence, keep it.

plan ──► store: what is there already ──► box: the rest, step by step ──► admit ──► store
"""
