"""Decisions: pure functions over values, without input, output, clock or log."""
