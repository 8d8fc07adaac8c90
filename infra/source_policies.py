"""Prints the policies for the accounts of the sources: `python -m infra.source_policies --help`.

They are made from the settings `stack_name` and `source_secrets` of cdk.json.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from certrotation.names.source_policies import (
    Reader,
    document,
    key_statements,
    secret_statements,
)
from infra.cdk_json import read_context
from infra.config import ConfigError, StackConfig, check_account, check_region

_URL_SUFFIXES = {
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}
"""How host names of AWS end (the CDK's region-info), where not in amazonaws.com."""


def main(words: Sequence[str] | None = None) -> None:
    """Print a JSON list: for each account and Region of sources, the policy and the statements."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.source_policies",
        description="Print the policies by which the account of a source lets deployments read it:"
        " the resource policy of each secret, and the statements for the policy of its KMS key.",
    )
    parser.add_argument(
        "accounts", nargs="+", metavar="ACCOUNT", help="account id of a deployment that reads"
    )
    parser.add_argument(
        "--home-region", required=True, help="the Region in which these deployments are"
    )
    parser.add_argument(
        "--cdk-json", type=Path, default=Path("cdk.json"), help="default: %(default)s"
    )
    given = parser.parse_args(words)
    try:
        found = list(policies(_config(given.cdk_json), given.accounts, given.home_region))
    except ConfigError as error:
        sys.exit(str(error))
    print(json.dumps(found, indent=2))  # noqa: T201  its output


def policies(
    config: StackConfig, accounts: Sequence[str], home_region: str
) -> Iterator[dict[str, Any]]:
    """Yield what each account and Region of sources must allow.

    Raises:
        ConfigError: there are no sources, or an account id or the Region is none.
    """
    for account in accounts:
        check_account(account)
    # An asterisk in the name of a role would let roles of other names read the sources.
    check_region(home_region, "--home-region")
    if not config.source_secrets:
        raise ConfigError(
            "cdk.json: certrotation.source_secrets is missing. Give the patterns of the sources,"
            " as docs/accounts.md shows."
        )
    places = defaultdict[tuple[str, str, str], list[str]](list)
    for each in config.source_patterns:
        places[each.partition, each.account, each.region].append(each.text)
    for (partition, account, region), sources in places.items():
        readers = [
            Reader(each, home_region, config.stack_name, partition)
            for each in dict.fromkeys(accounts)
        ]
        suffix = _URL_SUFFIXES.get(partition, "amazonaws.com")
        yield {
            "account": account,
            "region": region,
            "secret_policy": document(secret_statements(readers)),
            "key_policy_statements": key_statements(readers, sources, region, suffix),
        }


def _config(path: Path) -> StackConfig:
    return StackConfig.from_context(read_context(path))


if __name__ == "__main__":
    main()
