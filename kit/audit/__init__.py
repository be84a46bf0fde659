"""Audits: what somebody with a task of their own must decide, each question a module.

An audit computes from plain data, so that it takes the user's own measurements as well as the
recorded ones. `kit.audit.learning_curves`: how much data a task needs. `kit.audit.transferability`:
which source, and which strategy. `kit.audit.leakage(data, task)`: what of the test is already in
the training data.
"""

from kit.audit.leaks import leakage

__all__ = ["leakage"]
