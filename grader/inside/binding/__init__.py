"""Roles of the rubric bound to student code, and weight files to nets."""
