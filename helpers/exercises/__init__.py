"""Checks, hints and solutions of the notebooks' exercises, one module a chapter."""
