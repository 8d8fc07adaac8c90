"""The services whose resources present a certificate, one module each."""
