"""Widgets on parameter migration (lesson 03)."""
