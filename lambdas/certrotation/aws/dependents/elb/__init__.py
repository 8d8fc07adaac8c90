"""Listeners of Classic Load Balancers."""
