"""Adapters, one module a service: AWS's words become ours here, and nowhere else."""
