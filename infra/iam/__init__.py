"""Permissions: the statements of the roles, and the reasons for each wildcard."""
