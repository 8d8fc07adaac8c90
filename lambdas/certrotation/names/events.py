"""The events that this service puts on the default event bus of its home Region."""

SOURCE = "certrotation"

ARN_CHANGED = "Certificate ARN Changed"
ROTATED = "Certificate Rotated"
REFUSED = "Certificate Refused"
