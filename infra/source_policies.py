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
from infra.config import (
    ConfigError,
    StackConfig,
    check_account,
    check_reader,
    check_region,
)

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
        "deployments",
        nargs="+",
        metavar="ACCOUNT[:REGION[:STACK]]",
        help="a deployment that reads: its account id; its home Region, if it is not that of"
        " --home-region; and its stack_name, if it is not that of cdk.json",
    )
    parser.add_argument(
        "--home-region", default="", help="the home Region of the deployments that name none"
    )
    parser.add_argument(
        "--cdk-json", type=Path, default=Path("cdk.json"), help="default: %(default)s"
    )
    given = parser.parse_args(words)
    try:
        found = list(policies(_config(given.cdk_json), given.deployments, given.home_region))
    except ConfigError as error:
        sys.exit(str(error))
    print(json.dumps(found, indent=2))  # noqa: T201  its output


def policies(
    config: StackConfig, deployments: Sequence[str], home_region: str
) -> Iterator[dict[str, Any]]:
    """Yield what each account and Region of sources must allow.

    Args:
        config: names the sources.
        deployments: those that read, as `ACCOUNT[:REGION[:STACK]]`.
        home_region: the home Region of those that name none.

    Raises:
        ConfigError: there are no sources, or an account id, a Region or a stack's name is none.
    """
    named = dict.fromkeys(_reader(each, config.stack_name, home_region) for each in deployments)
    if not config.source_secrets:
        raise ConfigError(
            "cdk.json: certrotation.source_secrets is missing. Give the patterns of the sources,"
            " as docs/accounts.md shows."
        )
    places = defaultdict[tuple[str, str, str], list[str]](list)
    for each in config.source_patterns:
        places[each.partition, each.account, each.region].append(each.text)
    for (partition, account, region), sources in places.items():
        readers = [each._replace(partition=partition) for each in named]
        suffix = _URL_SUFFIXES.get(partition, "amazonaws.com")
        yield {
            "account": account,
            "region": region,
            "secret_policy": document(secret_statements(readers)),
            "key_policy_statements": key_statements(readers, sources, region, suffix),
        }


def _reader(words: str, stack: str, home_region: str) -> Reader:
    """Read a deployment; an asterisk in it would let roles of other names read the sources."""
    account, _, rest = words.partition(":")
    region, _, name = rest.partition(":")
    check_account(account)
    if not region and not home_region:
        raise ConfigError(
            f"{words}: the home Region is missing. Give {account}:eu-west-1, or --home-region for"
            " all deployments that name none."
        )
    check_region(region or home_region, words if region else "--home-region")
    check_reader(name or stack)
    return Reader(account, region or home_region, name or stack)


def _config(path: Path) -> StackConfig:
    return StackConfig.from_context(read_context(path))


if __name__ == "__main__":
    main()
