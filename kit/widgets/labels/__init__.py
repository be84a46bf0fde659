"""Widgets on the number of labels (lessons 00 and 10)."""
