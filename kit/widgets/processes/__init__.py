"""Widgets about several processes: a ring all-reduce, an update predicted and timed, memory."""
