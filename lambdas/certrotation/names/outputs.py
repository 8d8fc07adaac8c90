"""The names of the stack's outputs that commands look up."""

SCAN_FUNCTION = "ScanFunction"
ROTATE_FUNCTION = "RotateFunction"
ISSUE_FUNCTION = "IssueFunction"
VERSION = "Version"
ROTATE_LOGS = "RotateLogs"
