"""The names of the metrics that the functions emit."""

NAMESPACE = "CertRotation"
DIMENSION = "service"
"""The one dimension; its value is the name of the stack."""

# Emitted by scan.
SCAN_COMPLETED = "ScanCompleted"
CERTIFICATES_CRITICAL = "CertificatesCritical"
CERTIFICATES_TURNED_CRITICAL = "CertificatesTurnedCritical"
COPIES_AWAITING_MATERIAL = "CopiesAwaitingMaterial"
COPIES_OVERDUE = "CopiesOverdue"
UNMANAGED_EXPIRING = "UnmanagedExpiring"
LIVE_CERTIFICATES_LEFT = "LiveCertificatesLeft"
REGIONS_UNREACHABLE = "RegionsUnreachable"
COPIES_MANAGED = "CopiesManaged"
COPIES_DUE = "CopiesDue"
SUPERSEDED_DELETED = "SupersededDeleted"
DAYS_TO_EXPIRY_MIN = "DaysToExpiryMin"

# Emitted by rotate.
ROTATION_SUCCEEDED = "RotationSucceeded"
ROTATION_REFUSED = "RotationRefused"
ROTATION_FAILED = "RotationFailed"
DEPENDENTS_MOVED = "DependentsMoved"
DEPENDENTS_STRANDED = "DependentsStranded"

# Emitted by the look of issue.
RENEWALS_WANTED = "RenewalsWanted"
ISSUANCES_FAILING = "IssuancesFailing"
ISSUANCES_STALLED = "IssuancesStalled"
ISSUANCE_CHECKED = "IssuanceChecked"
