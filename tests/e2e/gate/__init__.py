"""IAM for the services that the double plays: decides each call by the deployed roles' policies.

A loopback proxy between the functions and the double. It knows who calls by the session key that
the local Lambda gives each function, asks ministack for that role's policies, and decides with
ministack's own evaluator, put right where IAM documents something else (`evaluator`). What it
decides is written down; what is in a request beside names and tags never is.
"""
