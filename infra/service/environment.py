"""The settings of the functions, as environment variables."""

import json

from certrotation.names import environment
from certrotation.names.environment import ON
from certrotation.names.issuers import AcmeIssuer
from infra.config import StackConfig
from infra.packaging.bundling import PUBLIC_ROOTS, TASK_ROOT, issuer_file


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
        environment.ARN_PARAMETERS: config.arn_parameters if config.arn_parameters == ON else None,
        environment.SOURCE_SECRETS: ",".join(config.source_secrets) or None,
        environment.EVENTS: config.events if config.events == ON else None,
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


def issuers_environment(config: StackConfig) -> dict[str, str]:
    """Return the variable that only the issue function has."""
    issuers = {
        each.name: {
            "kind": each.kind,
            **{name: value for name, value in each._asdict().items() if value and name != "name"},
            "allow": dict(each.allow),
            **(_of_acme(each) if isinstance(each, AcmeIssuer) else {}),
        }
        for each in config.issuers
    }
    return {environment.ISSUERS: json.dumps(issuers, separators=(",", ":"))}


def _of_acme(issuer: AcmeIssuer) -> dict[str, object]:
    """Return the members that are not written as the issuer holds them."""
    file = f"{TASK_ROOT}/{issuer_file(issuer.name)}"
    return {
        **({"aliases": dict(issuer.aliases)} if issuer.aliases else {}),
        **({"ca_file": file} if issuer.ca_file else {}),
    }


def certificate_files(config: StackConfig) -> dict[str, str]:
    """Return the files of certificates that the asset contains, by their names there."""
    files = {issuer_file(each.name): each.ca_file for each in config.acme_issuers}
    files[PUBLIC_ROOTS] = config.public_roots_file
    return {name: path for name, path in files.items() if path}
