"""The keys of the tags that this service reads and writes, on secrets and on copies."""

OWN_PREFIX = "certrotation:"

SECRET = "certrotation:secret"  # noqa: S105  the key of a tag
VERSION = "certrotation:version"
NOT_AFTER = "certrotation:not-after"
SUPERSEDED_BY = "certrotation:superseded-by"
SUPERSEDED_AT = "certrotation:superseded-at"
MOVING_SINCE = "certrotation:moving-since"
REVERTED = "certrotation:reverted"
PARAMETER = "certrotation:parameter"
IGNORE = "certrotation:ignore"

REGIONS = "certrotation:regions"
ACCEPT = "certrotation:accept"
HOLD = "certrotation:hold"
HOLD_ISSUANCE = "issuance"
"""The value of HOLD that holds only the issuer of a secret: what is current still goes live."""
ISSUER = "certrotation:issuer"
SOURCE = "certrotation:source"
