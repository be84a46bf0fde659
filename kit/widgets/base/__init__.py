"""Parts that all widgets share: the look, background jobs, live figures, races."""
