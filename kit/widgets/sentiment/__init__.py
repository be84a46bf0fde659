"""Widgets on sentiment, and on the user's own data (lessons 06 and 18)."""
