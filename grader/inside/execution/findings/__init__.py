"""Mistakes that only a run shows: in what losses are given, what loaders yield, what is drawn."""
