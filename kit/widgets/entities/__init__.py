"""Widgets on named entities (lesson 07)."""
