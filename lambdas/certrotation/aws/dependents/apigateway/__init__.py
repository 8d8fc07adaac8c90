"""Custom domain names of API Gateway."""
