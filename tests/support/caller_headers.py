"""How the gate tells the double whose call it passes on: who has decided by roles knows that."""

ACCOUNT = "x-moto-account-id"
"""The account; moto's own header."""
ROLE = "x-double-role"
"""The name of the role."""
