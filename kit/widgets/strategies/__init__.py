"""The widget that compares all strategies (lesson 05)."""
