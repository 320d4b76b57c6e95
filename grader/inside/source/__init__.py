"""The submission's notebooks and scripts as text and syntax. Runs nothing, imports no torch."""
