"""The user's own data: read, trained on, kept."""
