"""Checks credentials, clock, Regions, permissions and quotas.

Actions: sts:GetCallerIdentity, ec2:DescribeRegions, iam:GetRole, iam:SimulatePrincipalPolicy,
servicequotas:ListServiceQuotas; without the right to simulate, the read calls themselves.

If a member of an answer is absent, the check is unknown, or goes on without it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from certrotation.aws.errors import translated
from certrotation.cli.diagnosis.results import Result, ok, unknown, warning, wrong
from certrotation.errors import AccessDenied, CertRotationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from certrotation.cli.shell import Shell

LARGEST_SKEW = timedelta(minutes=5)
"""AWS rejects a request that was signed longer ago (IAM User Guide, Signature Version 4)."""
NOTICEABLE_SKEW = timedelta(minutes=1)

READS: Mapping[str, tuple[str, ...]] = {
    "*": (
        "acm:ListCertificates",
        "cloudfront:GetDistribution",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricStatistics",
        "ec2:DescribeRegions",
        "elasticloadbalancing:DescribeListenerCertificates",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancers",
        "secretsmanager:ListSecrets",
        "tag:GetResources",
    ),
    "arn:{partition}:acm:{region}:{account}:certificate/any": (
        "acm:DescribeCertificate",
        "acm:GetCertificate",
        "acm:ListTagsForCertificate",
    ),
    "arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/any": (
        "cloudformation:DescribeStacks",
    ),
    "arn:{partition}:lambda:{region}:{account}:function:{stack}-any": (
        "lambda:GetFunctionConfiguration",
    ),
    "arn:{partition}:secretsmanager:{region}:{account}:secret:{prefix}any": (
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
    ),
}
"""What the verbs that only read use, by a resource that stands for all that they read.

A simulation without a resource asks for the right to all resources.
"""

_QUOTAS = {"L-D2CB7DE9": "imported certificates", "L-3808DC70": "imports in 365 days"}
"""ACM's quotas in Service Quotas, by code."""
_NEARLY = 0.8
_ASSUMED = re.compile(r"arn:([^:]+):sts::(\d+):assumed-role/([^/]+)/.+")
_NEEDS = "docs/deploying.md#prerequisites"


def check_identity(shell: Shell) -> Iterator[Result]:
    """Check the credentials, and by the answer's date the clock."""
    with translated("sts:GetCallerIdentity", "the credentials"):
        answer = shell.client("sts").get_caller_identity()
    yield ok("credentials", f"{answer.get('Arn', 'unknown')} in account {answer.get('Account')}")
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    yield _clock(date, datetime.now(UTC))


def _clock(date: str | None, now: datetime) -> Result:
    try:
        skew = abs(now - parsedate_to_datetime(date or ""))
    except (TypeError, ValueError):
        return unknown(check="clock", found="The answer of AWS has no date.")
    seconds = int(skew.total_seconds())
    found = f"This machine's clock differs from AWS's by {seconds} seconds."
    remedy = "Synchronize the clock, for example with `timedatectl set-ntp true`."
    if skew >= LARGEST_SKEW:
        return wrong(check="clock", found=found, remedy=remedy)
    if skew >= NOTICEABLE_SKEW:
        return warning(check="clock", found=found, remedy=remedy)
    return ok("clock", found)


def check_regions(shell: Shell) -> Iterator[Result]:
    """Check that every target Region is enabled."""
    targets = shell.settings.target_regions
    with translated("ec2:DescribeRegions", "the Regions of the account"):
        answer = shell.client("ec2").describe_regions()
    enabled = {each.get("RegionName") for each in answer.get("Regions", ())}
    missing = [each for each in targets if each not in enabled]
    if missing:
        yield wrong(
            check="Regions",
            found=f"Not enabled in this account: {', '.join(missing)}.",
            remedy="Enable them under Account, AWS Regions, or take them off target_regions.",
            link=_NEEDS,
        )
    else:
        yield ok("Regions", f"Enabled: {', '.join(targets)}")


def check_permissions(shell: Shell) -> Iterator[Result]:
    """Ask IAM what the caller may read; if IAM does not say, try the read calls."""
    try:
        denied = _simulated(shell)
        how = "by simulation"
    except CertRotationError:
        denied = tuple(_tried(shell))
        how = "by trying the lists"
    if denied:
        yield warning(
            check="permissions",
            found=f"Denied to these credentials ({how}): {', '.join(denied)}.",
            remedy="Allow the actions to whoever runs this command. The service has roles of its"
            " own.",
            link="docs/cli.md#permissions",
        )
    else:
        yield ok("permissions", f"Everything that the reading verbs need, {how}")


def _simulated(shell: Shell) -> tuple[str, ...]:
    with translated("sts:GetCallerIdentity", "the credentials"):
        arn = shell.client("sts").get_caller_identity().get("Arn", "")
    iam = shell.client("iam")
    assumed = _ASSUMED.fullmatch(arn)
    partition, account = (arn.split(":") + [""] * 6)[1:5:3]
    with translated("iam:SimulatePrincipalPolicy", arn):
        if assumed:
            # The ARN of a session leaves out the path of its role.
            arn = iam.get_role(RoleName=assumed[3])["Role"]["Arn"]
        results = [
            each
            for resource, actions in READS.items()
            for page in iam.get_paginator("simulate_principal_policy").paginate(
                PolicySourceArn=arn,
                ActionNames=list(actions),
                ResourceArns=[
                    resource.format(
                        partition=partition,
                        region=shell.home_region,
                        account=account,
                        stack=shell.common.stack_name,
                        prefix=shell.settings.secret_prefix,
                    )
                ],
            )
            for each in page.get("EvaluationResults", ())
        ]
    return tuple(
        sorted(
            {
                each.get("EvalActionName", "an unnamed action")
                for each in results
                if each.get("EvalDecision") not in {None, "allowed"}
            }
        )
    )


def _tried(shell: Shell) -> Iterator[str]:
    """Yield the lists that are denied; what cannot be listed is not read one by one either."""
    calls: Mapping[str, Callable[[], Any]] = {
        "acm:ListCertificates": lambda: shell.client("acm").list_certificates(MaxItems=1),
        "tag:GetResources": lambda: shell.client("resourcegroupstaggingapi").get_resources(
            ResourceTypeFilters=["acm:certificate"], ResourcesPerPage=1
        ),
        "secretsmanager:ListSecrets": lambda: shell.client("secretsmanager").list_secrets(
            MaxResults=1
        ),
        "elasticloadbalancing:DescribeLoadBalancers": lambda: shell.client(
            "elbv2"
        ).describe_load_balancers(PageSize=1),
        "cloudwatch:DescribeAlarms": lambda: shell.client("cloudwatch").describe_alarms(
            MaxRecords=1
        ),
    }
    for action, call in calls.items():
        try:
            with translated(action, shell.home_region):
                call()
        except AccessDenied:
            yield action
        except CertRotationError:
            continue


def check_quotas(shell: Shell, used: Mapping[str, int]) -> Iterator[Result]:
    """Compare the certificates of each Region with ACM's quotas there.

    Args:
        shell: the command.
        used: how many imported certificates each readable Region has.
    """
    for region, count in used.items():
        try:
            quotas = _quotas(shell, region)
        except CertRotationError as error:
            yield unknown(check="quotas", found=f"{region}: {error.found}", link=_NEEDS)
            continue
        yield from _compared(region, count, quotas, shell.settings.yearly_import_quota)


def _quotas(shell: Shell, region: str) -> dict[str, int]:
    with translated("servicequotas:ListServiceQuotas", f"ACM in {region}"):
        pages = (
            shell.client("service-quotas", region)
            .get_paginator("list_service_quotas")
            .paginate(ServiceCode="acm")
        )
        return {
            _QUOTAS[each["QuotaCode"]]: int(each["Value"])
            for page in pages
            for each in page.get("Quotas", ())
            if each.get("QuotaCode") in _QUOTAS and "Value" in each
        }


def _compared(region: str, count: int, quotas: Mapping[str, int], assumed: int) -> Sequence[Result]:
    certificates = quotas.get("imported certificates")
    yearly = quotas.get("imports in 365 days")
    found = f"{region}: {count:,} imported certificates of {certificates or 'unknown'}"
    if certificates and count >= _NEARLY * certificates:
        return [
            wrong(
                check="quotas",
                found=f"{found}.",
                remedy="Delete certificates that nothing uses, or request a higher quota.",
                link=_NEEDS,
            )
        ]
    if yearly is not None and yearly < assumed:
        return [
            warning(
                check="quotas",
                found=f"{region}: the quota is {yearly:,} imports in 365 days; the service assumes"
                f" {assumed:,}.",
                remedy=f"Request a higher quota, or set yearly_import_quota to {yearly}.",
                link=_NEEDS,
            )
        ]
    return [ok("quotas", found)]
