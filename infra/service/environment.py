"""What the functions are told, as environment variables."""

from infra.config import StackConfig

_OPTIONAL = (
    "adoption",
    "retention_days",
    "yearly_import_quota",
    "warning_fraction",
    "warning_cap_days",
    "critical_fraction",
    "critical_cap_days",
    "critical_floor_days",
    "digest",
)


def function_environment(
    config: StackConfig, *, queue_url: str, warning_topic_arn: str
) -> dict[str, str]:
    """Return the variables of both functions, the optional ones only where `config` sets them."""
    optional = {name: getattr(config, name) for name in _OPTIONAL}
    return {
        "CERTROTATION_TARGET_REGIONS": ",".join(config.target_regions),
        "CERTROTATION_SECRET_PREFIX": config.secret_prefix,
        "CERTROTATION_QUEUE_URL": queue_url,
        "CERTROTATION_WARNING_TOPIC_ARN": warning_topic_arn,
        "CERTROTATION_SCAN_INTERVAL_MINUTES": str(config.scan_interval_minutes),
        "CERTROTATION_MODE": config.mode,
        "CERTROTATION_DEPENDENTS": ",".join(config.dependents),
        "POWERTOOLS_SERVICE_NAME": config.stack_name,
    } | {
        f"CERTROTATION_{name.upper()}": str(value)
        for name, value in optional.items()
        if value is not None
    }
