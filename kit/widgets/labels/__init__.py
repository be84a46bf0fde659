"""Widgets on the number of labels (lesson 00)."""
