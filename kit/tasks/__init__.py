"""The tasks: data, head, loss, metric and baselines of each."""
