"""Keeps every imported TLS certificate of an AWS account fresh.

Whatever certificate material is AWSCURRENT in a managed secret is what every target Region
presents, or a person is told why not, in time. `docs/glossary.md` defines the words used here.
"""
