"""The certificate authorities that can be asked for certificates."""
