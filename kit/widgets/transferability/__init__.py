"""Widgets about the choice of a source: estimates beside what fine-tuning gave."""
