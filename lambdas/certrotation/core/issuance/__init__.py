"""Issuance: what is asked of a CA, for whom and when."""
