"""Widgets on sentiment, and on the user's own data (lesson 06)."""
