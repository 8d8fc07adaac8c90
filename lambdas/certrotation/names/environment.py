"""The functions' environment variables, and the values that both sides must know."""

from enum import StrEnum

HOME_REGION = "AWS_REGION"
"""Set by Lambda."""
SERVICE = "POWERTOOLS_SERVICE_NAME"
"""The name of the stack."""

TARGET_REGIONS = "CERTROTATION_TARGET_REGIONS"
QUEUE_URL = "CERTROTATION_QUEUE_URL"
SECRET_PREFIX = "CERTROTATION_SECRET_PREFIX"  # noqa: S105  the name of a variable
MODE = "CERTROTATION_MODE"
ADOPTION = "CERTROTATION_ADOPTION"
DEPENDENTS = "CERTROTATION_DEPENDENTS"
DEPENDENTS_TAG = "CERTROTATION_DEPENDENTS_TAG"
CONSUMER_REGIONS = "CERTROTATION_CONSUMER_REGIONS"
ELASTICBEANSTALK_ADMINISTRATOR_ACCESS = "CERTROTATION_ELASTICBEANSTALK_ADMINISTRATOR_ACCESS"
SCAN_INTERVAL_MINUTES = "CERTROTATION_SCAN_INTERVAL_MINUTES"
RETENTION_DAYS = "CERTROTATION_RETENTION_DAYS"
YEARLY_IMPORT_QUOTA = "CERTROTATION_YEARLY_IMPORT_QUOTA"
WARNING_FRACTION = "CERTROTATION_WARNING_FRACTION"
WARNING_CAP_DAYS = "CERTROTATION_WARNING_CAP_DAYS"
CRITICAL_FRACTION = "CERTROTATION_CRITICAL_FRACTION"
CRITICAL_CAP_DAYS = "CERTROTATION_CRITICAL_CAP_DAYS"
CRITICAL_FLOOR_DAYS = "CERTROTATION_CRITICAL_FLOOR_DAYS"
PUBLIC_ROOTS_FILE = "CERTROTATION_PUBLIC_ROOTS_FILE"
WARNING_TOPIC_ARN = "CERTROTATION_WARNING_TOPIC_ARN"
DIGEST = "CERTROTATION_DIGEST"
ISSUERS = "CERTROTATION_ISSUERS"
ARN_PARAMETERS = "CERTROTATION_ARN_PARAMETERS"
SOURCE_SECRETS = "CERTROTATION_SOURCE_SECRETS"
EVENTS = "CERTROTATION_EVENTS"
RUNBOOK_URL = "CERTROTATION_RUNBOOK_URL"

DEFAULT_STACK_NAME = "certrotation"
DEFAULT_SECRET_PREFIX = "certrotation/"  # noqa: S105  how the names of secrets begin
DEFAULT_SCAN_INTERVAL_MINUTES = 60

SECRET_PREFIX_PATTERN = "[A-Za-z0-9/_+=.@-]{1,256}"  # noqa: S105  a pattern of names
"""The characters that Secrets Manager allows in a name (its API Reference, CreateSecret, Name); a
copy's tag holds the whole name, and 256 characters are the limit of a tag (ACM API Reference, Tag).
"""

RUNBOOK_URL_PATTERN = (
    r"(?=.{1,300}$)https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~%/?=&:@+,-]*)?"
)
"""A page without an anchor; the length leaves room in the longest description of an alarm."""

LOOK_INTERVAL_MINUTES = 60
"""How often the issue function looks at the secrets with an issuer."""

ON, OFF = "on", "off"


class Mode(StrEnum):
    """Whether the functions change anything outside the queue."""

    APPLY = "apply"
    REPORT = "report"


class Weekday(StrEnum):
    """The day of the digest."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
