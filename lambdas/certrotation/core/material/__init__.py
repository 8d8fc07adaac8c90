"""Material: reading a secret's value, checking it, repairing its chain."""
