"""Widgets on translation (lesson 08)."""
