"""Data: pinned archives, splits without leaks between them, corpora, and the user's own files."""
