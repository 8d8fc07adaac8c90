"""CloudFront's distributions."""
