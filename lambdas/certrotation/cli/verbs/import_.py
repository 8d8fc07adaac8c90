"""The verb `import`: checks material, writes the secret, and follows the rotation."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from certrotation.cli.commands import Example, verb
from certrotation.cli.exit_codes import ExitCode, first_of
from certrotation.cli.waiting import LONGEST_WAIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from certrotation.cli.material_files import Files
    from certrotation.cli.shell import Shell


class Asked(NamedTuple):
    """One secret to write."""

    name: str
    files: Files
    tags: Mapping[str, str]
    certificate_tags: Mapping[str, Mapping[str, str]]
    """Tags of certificates in ACM, by ARN."""


@verb(
    "import",
    examples=(
        Example(
            "certrotation import shop --certificate fileb://cert.pem --private-key fileb://key.pem"
            " --certificate-chain fileb://chain.pem",
            "With the flags of `aws acm import-certificate`",
        ),
        Example(
            "certrotation import shop /etc/letsencrypt/live/shop.example.com --no-wait",
            "What certbot wrote, from a hook",
        ),
        Example("certrotation import shop shop.pfx --tags Key=team,Value=web", "A PFX, with a tag"),
        Example(
            "certrotation import shop new.pem key.pem --accept NAMES_LOST",
            "Material that no longer has all names",
        ),
        Example("certrotation import --from sites.json", "All sites of a filled-in proposal"),
    ),
)
@click.argument(
    "name", metavar="[NAME]", required=False, help="The secret, with or without the prefix."
)
@click.argument(
    "files", metavar="[FILE...|DIR|-]", nargs=-1, help="The material, in the forms of `check`."
)
@click.option("--certificate", metavar="FILE", help="The certificate, in PEM or DER.")
@click.option("--private-key", metavar="FILE", help="The private key, in PEM.")
@click.option("--certificate-chain", metavar="FILE", help="The chain, in PEM.")
@click.option(
    "--from",
    "proposal",
    metavar="FILE",
    help="Write every secret of this file, which `inventory --propose` wrote and somebody filled"
    " in.",
)
@click.option("--tags", multiple=True, metavar="Key=,Value=", help="Tags of the secret.")
@click.option(
    "--accept",
    multiple=True,
    metavar="CODE",
    help="Accept a finding: for this version, or for good where only that is possible.",
)
@click.option("--password-file", metavar="FILE", help="The passphrase is the file's first line.")
@click.option(
    "--password-fd", metavar="N", type=int, help="The passphrase is read from this descriptor."
)
@click.option(
    "--no-wait", is_flag=True, help="Write the secret and end, and read nothing but the secret."
)
@LONGEST_WAIT
def command(
    shell: Shell,
    name: str | None,
    files: Sequence[str],
    certificate: str | None,
    private_key: str | None,
    certificate_chain: str | None,
    proposal: str | None,
    tags: Sequence[str],
    accept: Sequence[str],
    password_file: str | None,
    password_fd: int | None,
    *,
    no_wait: bool,
    timeout: int,
) -> ExitCode:
    """Write material into a managed secret, and follow it until it is live.

    The checks of a rotation come first: refused material is not stored. Unless --no-wait is given,
    the material is compared with what is live in every target Region as well, and the command shows
    when each Region presents the new version. The secret is created if it does not exist. The
    field `request` of the current version, which is for an issuer, is kept.
    """
    from certrotation.cli.checking import Passphrase
    from certrotation.cli.importing import Wish, follow_if_rotated, write_if_sound
    from certrotation.cli.secret_tags import is_shorthand, parse_tags, require_acceptable

    require_acceptable(accept)
    passphrase = Passphrase(password_file, password_fd)
    if proposal is not None:
        if name or certificate or private_key or certificate_chain or tags:
            raise click.UsageError("--from names secrets, files and tags: give no others.")
        asked = _proposed(proposal)
    elif name is None:
        raise click.UsageError("Name the secret, or a file with --from.")
    else:
        words = [each for each in files if tags and is_shorthand(each)]
        paths = [each for each in files if each not in words]
        given = _files(paths, certificate, private_key, certificate_chain)
        asked = [Asked(name, given, parse_tags((*tags, *words)), {})]
    wishes = [
        Wish(each.name, each.files, passphrase, each.tags, accept, reads_live=not no_wait)
        for each in asked
    ]
    written = [write_if_sound(shell, each) for each in wishes]
    for each, outcome in zip(asked, written, strict=True):
        if outcome.is_written:
            _tag_certificates(shell, each.certificate_tags)
    followed = [follow_if_rotated(shell, each, timedelta(minutes=timeout)) for each in written]
    shell.output.document(
        {"schema": shell.schema, "secrets": [each.to_json() for each in followed]}
    )
    return first_of(each.code for each in followed)


def _files(
    files: Sequence[str], certificate: str | None, private_key: str | None, chain: str | None
) -> Files:
    from certrotation.cli.material_files import read_files, read_parts

    if files and not (certificate or private_key or chain):
        return read_files(files)
    if files or certificate is None or private_key is None:
        raise click.UsageError(
            "Name files, a directory or -, or give both --certificate and --private-key."
        )
    return read_parts(certificate, private_key, chain)


def _proposed(path: str) -> list[Asked]:
    """Return the filled-in secrets of a proposal; every file is read before anything is written.

    Raises:
        click.UsageError: the file is no proposal, or nothing in the file is filled in.
        OSError: a file cannot be read.
    """
    from certrotation.cli.documents import PROPOSAL

    text = Path(path).read_text(encoding="utf-8", errors="replace")
    wrong = click.UsageError(
        f"{path} is not a file that `certrotation inventory --propose` writes."
    )
    try:
        document = json.loads(text)
        is_proposal = document["schema"] == PROPOSAL
        filled = [each for each in document["secrets"] if each.get("certificate")]
        asked = [_asked(each) for each in filled] if is_proposal else []
    except (ValueError, TypeError, KeyError, AttributeError):
        raise wrong from None
    if not is_proposal:
        raise wrong
    if not asked:
        raise click.UsageError(f"No secret in {path} names the file of its certificate.")
    return asked


def _asked(entry: dict[str, Any]) -> Asked:
    key, chain = entry.get("private_key"), entry.get("certificate_chain")
    files = _files([entry["certificate"]], None, None, None)
    if key:
        files = _files([], entry["certificate"], key, chain or None)
    certificates = entry.get("certificates", ())
    return Asked(
        name=str(entry["secret"]),
        files=files,
        tags={str(key): str(value) for key, value in entry.get("tags", {}).items()},
        certificate_tags={
            str(each["arn"]): {str(key): str(value) for key, value in each["tags"].items()}
            for each in certificates
            if each.get("tags")
        },
    )


def _tag_certificates(shell: Shell, tags: Mapping[str, Mapping[str, str]]) -> None:
    """Tag certificates in ACM as the proposal says."""
    from certrotation.aws.acm import AcmCertificates

    for arn, of_it in tags.items():
        acm = shell.client("acm", arn.split(":")[3])
        AcmCertificates(acm, importing=acm).add_tags(arn, of_it)
        shell.output.say(f"{arn} is tagged {', '.join(sorted(of_it))}.")
