"""Widgets on summarisation (lesson 09)."""
