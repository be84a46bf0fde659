"""Audits: what somebody with a task of their own must decide, each question a module.

An audit computes from plain data, so that it takes the user's own measurements as well as the
recorded ones. `kit.audit.learning_curves`: how much data a task needs.
"""
