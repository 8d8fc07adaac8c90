"""The names of the stack's outputs that commands look up."""

SCAN_FUNCTION = "ScanFunction"
ROTATE_FUNCTION = "RotateFunction"
ISSUE_FUNCTION = "IssueFunction"
CUSTOM_RESOURCE_FUNCTION = "CustomResourceFunction"
SERVICE_TOKEN = "CustomResourceServiceToken"  # noqa: S105  the name of an output
"""Also how its export is named, after the stack's name and a hyphen."""
VERSION = "Version"
ROTATE_LOGS = "RotateLogs"
SOURCE_TOPIC = "SourceTopic"
"""What the rotation queue is subscribed to; of the central stack, the topic itself."""
