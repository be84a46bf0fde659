"""Widgets on language models and pretraining (lesson 02)."""
