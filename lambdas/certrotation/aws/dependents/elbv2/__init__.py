"""Listeners of Application and Network Load Balancers."""
