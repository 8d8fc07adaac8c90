"""The settings of the functions, as environment variables."""

from certrotation.names import environment
from infra.config import StackConfig
from infra.packaging.bundling import PUBLIC_ROOTS, TASK_ROOT


def function_environment(
    config: StackConfig, *, queue_url: str, warning_topic_arn: str
) -> dict[str, str]:
    """Return the variables of both functions, the optional ones only where `config` sets them."""
    optional = {
        environment.DEPENDENTS_TAG: "=".join(config.dependents_tag or ()) or None,
        environment.CONSUMER_REGIONS: ",".join(config.consumer_regions or ()) or None,
        environment.ELASTICBEANSTALK_ADMINISTRATOR_ACCESS: (
            config.elasticbeanstalk_administrator_access
        ),
        environment.ADOPTION: config.adoption,
        environment.RETENTION_DAYS: config.retention_days,
        environment.YEARLY_IMPORT_QUOTA: config.yearly_import_quota,
        environment.WARNING_FRACTION: config.warning_fraction,
        environment.WARNING_CAP_DAYS: config.warning_cap_days,
        environment.CRITICAL_FRACTION: config.critical_fraction,
        environment.CRITICAL_CAP_DAYS: config.critical_cap_days,
        environment.CRITICAL_FLOOR_DAYS: config.critical_floor_days,
        environment.DIGEST: config.digest,
        environment.RUNBOOK_URL: config.runbook_url,
        environment.PUBLIC_ROOTS_FILE: (
            f"{TASK_ROOT}/{PUBLIC_ROOTS}" if config.public_roots_file else None
        ),
    }
    return {
        environment.TARGET_REGIONS: ",".join(config.target_regions),
        environment.SECRET_PREFIX: config.secret_prefix,
        environment.QUEUE_URL: queue_url,
        environment.WARNING_TOPIC_ARN: warning_topic_arn,
        environment.SCAN_INTERVAL_MINUTES: str(config.scan_interval_minutes),
        environment.MODE: config.mode,
        environment.DEPENDENTS: ",".join(config.dependents),
        environment.SERVICE: config.stack_name,
    } | {name: str(value) for name, value in optional.items() if value is not None}
