"""Alembic migrations, run by `engine.upgrade` when a gradebook is opened.

A new one: change `tables.py`, add `versions/vNNNN_what.py` by hand, raise `engine.HEAD`.
"""
