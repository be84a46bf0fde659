"""Mixed migration: values of the source and new parts in one model."""
