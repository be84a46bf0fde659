"""Widgets about frameworks: a model converted with a fault, and what the fault costs."""
