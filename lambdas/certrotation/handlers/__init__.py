"""Lambda's entry points: they translate events and results, and decide nothing."""
