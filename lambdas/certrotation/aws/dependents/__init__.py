"""The resources that present a certificate: one folder for each entry of the registry.

A folder holds `adapter.py`, whose `make` returns the service, and `iam.py`, whose `STATEMENTS` are
what the rotate function's role needs for it. Everything else about a kind of dependent stands in
`core/estate/dependent_kinds.py`.
"""
