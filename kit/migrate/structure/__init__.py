"""Structure migration: the architecture changes."""
