"""Widgets about leaks: what of a test is in a published model's files."""
