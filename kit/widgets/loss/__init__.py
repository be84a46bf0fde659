"""Widgets on losses and gradient descent (lesson 01)."""
