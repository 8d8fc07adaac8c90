"""Keeps every imported TLS certificate of an AWS account fresh.

Whatever certificate material is AWSCURRENT in a managed secret is what every target Region
presents, or a person is notified of the reason, in time. `docs/glossary.md` defines the words used
here.
"""

__version__ = "0.2.0"
"""The version of the code, from which package metadata, stack and log lines take theirs.

Semantic versioning; CHANGELOG.md lists what each version changes.
"""
