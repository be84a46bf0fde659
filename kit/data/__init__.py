"""Text for the lessons: pinned archives, and what keeps their splits honest."""
