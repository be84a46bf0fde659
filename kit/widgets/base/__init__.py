"""What all widgets share: their look, their work in the background, live figures."""
