"""Widgets about bias: what one word changes in an answer."""
