import re
from pathlib import Path
from typing import Any

import pytest

from certrotation.aws.dependents.registry import NAMES, statements_of
from tests.infra.synthesis import ROOT, Template, assemble, synthesize

# Each differs from its default, so a value in the template comes from here.
SETTINGS: dict[str, Any] = {
    "stack_name": "tls-rotation",
    "target_regions": ["eu-west-1", "us-east-1"],
    "secret_prefix": "tls/",
    "scan_interval_minutes": 90,
    "mode": "report",
    "arch": "x86_64",
    "rotate_concurrency": 7,
    "reserved_concurrency": "on",
    "critical_emails": ["oncall@example.com", "lead@example.com"],
    "warning_emails": ["tickets@example.com"],
    "secret_key_arns": [
        "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    ],
    "dependents_tag": "team=web",
    "edge_functions": ["rewrite", "sign-in"],
    "log_buckets": ["acme-logs"],
    "permissions_boundary": "arn:aws:iam::123456789012:policy/bounds",
    "tags": {"team": "web", "cost-center": "42"},
    "dependents": list(reversed(NAMES)),
    "consumer_regions": ["eu-west-1", "us-east-1", "ap-south-1"],
    "elasticbeanstalk_administrator_access": "off",
    "adoption": "off",
    "retention_days": 31,
    "yearly_import_quota": 10000,
    "warning_fraction": 0.25,
    "warning_cap_days": 61,
    "critical_fraction": 0.125,
    "critical_cap_days": 22,
    "critical_floor_days": 4,
    "arn_parameters": "on",
    "events": "on",
    "digest": "monday",
    "runbook_url": "https://wiki.example.com/certrotation/runbook",
}

BOUNDARY = "arn:aws:iam::${AWS::AccountId}:policy/bounds"
ACCOUNTS = ["111122223333", "444455556666"]
EVERYWHERE: dict[str, Any] = {
    **SETTINGS,
    "permissions_boundary": BOUNDARY,
    "central": "on",
    "central_accounts": ACCOUNTS,
}


@pytest.fixture(scope="session")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assembly that any account deploys, with the stack of the central account."""
    return assemble(tmp_path_factory, EVERYWHERE, is_portable=True)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The stack for `SETTINGS`."""
    return synthesize(tmp_path_factory, SETTINGS)


@pytest.fixture(scope="session")
def boundary() -> set[str]:
    """The actions that docs/deploying.md has a permissions boundary allow."""
    text = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    configuration = text.partition("\n## Configuration\n")[2].partition("\n## ")[0]
    of_kinds = {each for name in NAMES for one in statements_of(name) for each in one.actions}
    return of_kinds | {*re.findall(r"\b[a-z0-9-]+:[A-Z][A-Za-z]+\*?", configuration)}
