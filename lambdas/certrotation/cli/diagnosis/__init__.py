"""What is wrong with an account, a deployed service or an estate, and what to do."""
