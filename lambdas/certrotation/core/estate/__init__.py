"""The estate: secrets, certificates, tags and dependents as AWS shows them."""
