"""Experiments that can be run again: `python -m kit.experiments`."""
