"""Audits: what somebody with a task of their own must decide, each question a module.

An audit computes from plain data, so that it takes the user's own measurements as well as the
recorded ones. `kit.audit.learning_curves`: how much data a task needs. `kit.audit.transferability`:
which source, and which strategy. `kit.audit.leakage(data, task)`: what of the test is already in
the training data. `kit.audit.bias`: what a name or a nationality changes in an answer, and where
that comes from. `kit.audit.report(data, task)`: all of it that a task of one's own needs, on one
page.
"""

from kit.audit.leaks import leakage
from kit.audit.reports import report

__all__ = ["leakage", "report"]
