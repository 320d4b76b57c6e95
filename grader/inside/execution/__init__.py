"""Restart-and-run-all under a budget: transform, meter, interrupt, capture, report."""
