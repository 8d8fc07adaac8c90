"""The order of events: look at what is, plan, apply, read back. Speaks to ports only."""
