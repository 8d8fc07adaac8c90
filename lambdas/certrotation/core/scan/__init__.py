"""A scan: the classification of every certificate, and the report."""
