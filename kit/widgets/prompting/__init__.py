"""Widgets about prompts: what the order of the examples does to the answers."""
