"""Widgets on structure migration (lesson 04)."""
