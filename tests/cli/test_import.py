"""`certrotation import`: material becomes a secret, and the secret becomes live."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certrotation.cli import following
from certrotation.cli.exit_codes import ExitCode
from tests.cli.files import certbot, pfx, write
from tests.cli.running import Ran, run, settings_of
from tests.simulation.estate import HOME, PREFIX, client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

SHOP = f"{PREFIX}shop"
WRITES = {"CreateSecret", "PutSecretValue", "TagResource", "ImportCertificate"}


@pytest.fixture
def issued(authorities: Authorities) -> Issued:
    return authorities.public.issue("shop.example.com")


@pytest.fixture
def live(tmp_path: Path, issued: Issued) -> str:
    """The directory of certbot."""
    return certbot(tmp_path, "shop.example.com", issued)


def run_import(estate: Estate, *arguments: str) -> Ran:
    return run("import", *arguments, **settings_of(estate))


@pytest.fixture
def deployed(estate: Estate) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Between two looks of the command, somebody else works: the functions, or a person."""
    work: list[Callable[[], object]] = [lambda: estate.rotate("shop")]

    def between(_seconds: float) -> None:
        work.pop(0)() if len(work) > 1 else work[0]()

    with patch.object(following, "sleep", between):
        yield lambda first: work.insert(0, first)


def stored(name: str = SHOP) -> dict[str, Any]:
    value = client("secretsmanager", HOME).get_secret_value(SecretId=name)
    return {"version": value["VersionId"], **json.loads(value["SecretString"])}


def secret_tags(name: str = SHOP) -> dict[str, str]:
    described = client("secretsmanager", HOME).describe_secret(SecretId=name)
    return {each["Key"]: each["Value"] for each in described.get("Tags", ())}


def written(estate: Estate) -> set[str]:
    return {call.operation for call in estate.aws.calls} & WRITES


@pytest.mark.usefixtures("deployed")
def test_a_new_certificate_is_live_in_every_region_a_region_at_a_time(
    estate: Estate, live: str, issued: Issued
) -> None:
    ran = run_import(estate, "shop", live, "--tags", "Key=team,Value=web", "Key=env,Value=prod")

    assert ran.code is ExitCode.DONE, ran.err
    assert stored()["certificate"] == issued.fullchain_pem
    assert secret_tags() == {"team": "web", "env": "prod"}
    arns = {region: estate.certificates(region)[0] for region in estate.regions}
    assert [line for line in ran.out.splitlines() if ": live, " in line] == [
        f"{region}: live, {arn}" for region, arn in arns.items()
    ]
    assert ran.out.splitlines()[-1] == "The material is live in every target Region."
    assert all(estate.presents(arn) == issued.certificate for arn in arns.values())


def test_it_takes_the_flags_of_the_aws_cli(
    estate: Estate, issued: Issued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`aws acm import-certificate --certificate fileb://... --tags ...`, with another begin."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "cert.pem", issued.certificate_pem)
    write(tmp_path / "key.pem", issued.key_pem())
    write(tmp_path / "chain.pem", issued.chain_pem)

    ran = run_import(
        estate,
        "shop",
        "--certificate", "fileb://cert.pem",
        "--private-key", f"fileb://{tmp_path}/key.pem",
        "--certificate-chain", "chain.pem",
        "--tags", '[{"Key":"team","Value":"web"}]',
        "--no-wait",
        "--json",
    )  # fmt: skip

    assert ran.code is ExitCode.DONE
    assert {**stored(), "version": ""} == {
        "version": "",
        "certificate": issued.certificate_pem,
        "private_key": issued.key_pem(),
        "chain": issued.chain_pem,
    }
    assert secret_tags() == {"team": "web"}
    (secret,) = ran.document["secrets"]
    assert (secret["created"], secret["version"]) == (True, stored()["version"])
    assert secret["live"] is None


def test_a_pfx_is_stored_as_it_is_with_its_passphrase(
    estate: Estate, issued: Issued, tmp_path: Path
) -> None:
    bundle = write(tmp_path / "shop.pfx", pfx(issued, "correct horse"))
    words = write(tmp_path / "pw", "correct horse\n")

    ran = run_import(estate, "shop", bundle, "--password-file", words, "--no-wait")

    assert ran.code is ExitCode.DONE
    assert stored()["passphrase"] == "correct horse"
    assert "horse" not in ran.out + ran.err
    estate.rotate("shop")
    assert estate.presents(estate.certificates(HOME)[0]) == issued.certificate


def test_from_a_hook_nothing_but_the_secret_is_asked_for(estate: Estate, live: str) -> None:
    estate.aws.calls.clear()

    first = run_import(estate, "shop", live, "--no-wait")
    again = run_import(estate, "shop", live, "--no-wait")

    assert (first.code, again.code) == (ExitCode.DONE, ExitCode.DONE)
    assert (first.err, again.err) == ("", "")
    assert f"The new secret {SHOP} is written" in first.out
    assert f"A new version of {SHOP} is written" in again.out
    assert [call.operation for call in estate.aws.calls] == [
        "DescribeSecret",
        "CreateSecret",
        "DescribeSecret",
        "PutSecretValue",
    ]


REQUEST = {"names": ["shop.example.com"], "key": "EC_prime256v1"}


def with_request(estate: Estate, issued: Issued) -> None:
    """Have a secret whose value has fields that are not material."""
    estate.secret("shop", issued)
    value = {**stored(), "request": REQUEST, "owner": "web"}
    del value["version"]
    client("secretsmanager", HOME).put_secret_value(SecretId=SHOP, SecretString=json.dumps(value))


def forms(folder: Path, issued: Issued) -> dict[str, list[str]]:
    """Everything that `import` takes."""
    leaf = write(folder / "cert.pem", issued.certificate_pem)
    key = write(folder / "key.pem", issued.key_pem())
    chain = write(folder / "chain.pem", issued.chain_pem)
    value = {"certificate": issued.fullchain_pem, "private_key": issued.key_pem()}
    words = write(folder / "pw", "correct horse")
    files = {"certificate": write(folder / "all.pem", issued.fullchain_pem), "private_key": key}
    document = {"schema": "certrotation/proposal/1", "secrets": [{"secret": SHOP, **files}]}
    return {
        "flags": [
            *("shop", "--certificate", leaf, "--private-key", key, "--certificate-chain", chain)
        ],
        "files": ["shop", leaf, key, chain],
        "directory": ["shop", certbot(folder, "shop", issued)],
        "json": ["shop", write(folder / "value.json", json.dumps(value))],
        "wrapped": ["shop", write(folder / "wrapped.json", json.dumps({"data": value}))],
        "pfx": [
            *("shop", write(folder / "a.pfx", pfx(issued, "correct horse"))),
            *("--password-file", words),
        ],
        "proposal": ["--from", write(folder / "sites.json", json.dumps(document))],
    }


@pytest.mark.parametrize(
    "form", ["flags", "files", "directory", "json", "wrapped", "pfx", "proposal"]
)
def test_every_form_keeps_the_request_to_an_issuer(
    estate: Estate, authorities: Authorities, issued: Issued, tmp_path: Path, form: str
) -> None:
    """And names the other fields, which the new version does not have."""
    with_request(estate, authorities.public.issue("shop.example.com"))
    before = stored()["version"]

    ran = run("import", *forms(tmp_path, issued)[form], **{
        **settings_of(estate), "CERTROTATION_MODE": "report",
    })  # fmt: skip

    assert ran.code is ExitCode.DONE, ran.err
    assert stored()["version"] != before
    assert stored()["request"] == REQUEST
    assert f"The new version of {SHOP} does not have the fields: owner." in ran.err
    estate.rotate("shop")
    assert estate.presents(estate.certificates(HOME)[0]) == issued.certificate


def test_a_hook_reads_the_value_only_if_an_issuer_needs_its_request(
    estate: Estate, issued: Issued, live: str
) -> None:
    with_request(estate, issued)
    client("secretsmanager", HOME).tag_resource(
        SecretId=SHOP, Tags=[{"Key": "certrotation:issuer", "Value": "letsencrypt"}]
    )

    def deny(call: Any) -> None:
        if call.operation == "GetSecretValue":
            raise estate.aws.error("AccessDeniedException", call.operation)

    before = stored()
    with estate.aws.before(deny):
        denied = run_import(estate, "shop", live, "--no-wait")
    assert denied.code is ExitCode.ERROR
    assert "secretsmanager:GetSecretValue" in denied.err
    assert stored() == before

    assert run_import(estate, "shop", live, "--no-wait").code is ExitCode.DONE
    assert stored()["request"] == REQUEST


def test_who_may_not_read_the_value_is_told_that_a_request_is_not_kept(
    estate: Estate, issued: Issued, live: str
) -> None:
    with_request(estate, issued)

    def deny(call: Any) -> None:
        if call.operation == "GetSecretValue":
            raise estate.aws.error("AccessDeniedException", call.operation)

    with estate.aws.before(deny):
        ran = run("import", "shop", live, **{**settings_of(estate), "CERTROTATION_MODE": "report"})

    assert ran.code is ExitCode.DONE
    assert f"A field `request` of {SHOP} is not kept: secretsmanager:GetSecretValue" in ran.err


@pytest.mark.parametrize("mode", [("--no-wait",), ()])
def test_refused_material_is_not_stored(
    estate: Estate, issued: Issued, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    estate.aws.calls.clear()
    der = write(tmp_path / "cert.cer", issued.certificate.public_bytes(Encoding.DER))
    key = write(tmp_path / "key.pem", issued.key_pem())

    ran = run_import(estate, "shop", der, key, "--json", *mode)

    assert ran.code is ExitCode.FINDING
    (secret,) = ran.document["secrets"]
    assert [each["code"] for each in secret["findings"]] == ["CHAIN_INCOMPLETE"]
    assert secret["version"] is None
    assert f"Nothing was written to {SHOP}." in ran.err
    assert written(estate) == set()


def test_material_that_loses_a_live_name_is_not_stored_until_that_is_accepted(
    estate: Estate,
    authorities: Authorities,
    live: str,
    deployed: Callable[[Callable[[], object]], None],
) -> None:
    del deployed
    estate.secret("shop", authorities.public.issue("shop.example.com", "www.example.com"))
    estate.run()
    before = stored()

    refused = run_import(estate, "shop", live)
    assert (refused.code, stored()) == (ExitCode.FINDING, before)
    assert "refuse NAMES_LOST" in refused.out

    accepted = run_import(estate, "shop", live, "--accept", "NAMES_LOST")
    assert accepted.code is ExitCode.DONE
    assert secret_tags() == {"certrotation:accept": f"NAMES_LOST@{stored()['version']}"}
    assert "warn NAMES_LOST: Accepted by tag:" in accepted.out


def test_what_was_accepted_before_stays_accepted_for_what_can_come_back(
    estate: Estate, authorities: Authorities, issued: Issued, tmp_path: Path
) -> None:
    current = estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.tag_secret("shop", accept=f"KEY_WEAK TRUST_LOST@{current} NAMES_LOST@gone")
    leaf = write(tmp_path / "leaf.pem", issued.certificate_pem + issued.key_pem())

    ran = run_import(estate, "shop", leaf, "--accept", "CHAIN_INCOMPLETE", "--no-wait")

    assert ran.code is ExitCode.DONE
    assert secret_tags()["certrotation:accept"] == (
        f"KEY_WEAK TRUST_LOST@{current} CHAIN_INCOMPLETE"
    )


def test_the_tags_are_there_before_the_version(estate: Estate, live: str, issued: Issued) -> None:
    """The rotation begins with the event of the version."""
    estate.secret("shop", issued)
    estate.aws.calls.clear()

    run_import(estate, "shop", live, "--tags", "Key=team,Value=web", "--no-wait")

    assert [call.operation for call in estate.aws.calls if call.operation in WRITES] == [
        "TagResource",
        "PutSecretValue",
    ]


def test_a_region_that_nobody_rotates_is_named_when_the_time_is_over(
    estate: Estate, live: str
) -> None:
    clock = iter(range(0, 400, 40))
    with (
        patch.object(following, "sleep"),
        patch.object(following, "monotonic", lambda: next(clock)),
    ):
        ran = run_import(estate, "shop", live, "--timeout", "1")

    assert ran.code is ExitCode.ERROR
    assert "The material is not live everywhere after 1 minutes." in ran.err
    assert "eu-west-1: pending, import the new copy" in ran.out


def test_a_newer_version_ends_the_wait(
    estate: Estate,
    authorities: Authorities,
    live: str,
    deployed: Callable[[Callable[[], object]], None],
) -> None:
    newer = authorities.public.issue("shop.example.com", lifetime=timedelta(days=80))
    deployed(lambda: estate.renew("shop", newer))

    ran = run_import(estate, "shop", live)

    assert ran.code is ExitCode.ERROR
    assert f"Version {stored()['version']} is AWSCURRENT now." in ran.err


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ({"CERTROTATION_QUEUE_URL": ""}, "No stack is deployed here that rotates the secret."),
        ({"CERTROTATION_MODE": "report"}, "The service is in report mode"),
    ],
)
def test_where_nothing_rotates_nobody_waits(
    estate: Estate, live: str, more: dict[str, str], note: str
) -> None:
    ran = run("import", "shop", live, **{**settings_of(estate), **more})

    assert ran.code is ExitCode.DONE
    assert note in ran.err
    assert ran.out.splitlines()[-1].endswith(f"certrotation plan {SHOP}")


def test_a_secret_on_hold_is_written_and_not_waited_for(estate: Estate, live: str) -> None:
    ran = run_import(estate, "shop", live, "--tags", "Key=certrotation:hold,Value=")

    assert ran.code is ExitCode.DONE
    assert f"{SHOP} is on hold" in ran.err


def test_without_rights_to_the_regions_the_secret_is_written_and_that_is_said(
    estate: Estate, live: str
) -> None:
    def deny(call: Any) -> None:
        if call.operation in {"GetResources", "ListCertificates"}:
            raise estate.aws.error("AccessDeniedException", call.operation)

    with estate.aws.before(deny):
        ran = run_import(estate, "shop", live)

    assert ran.code is ExitCode.DONE
    assert "eu-west-1 was not compared: tag:GetResources" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Name the secret, or a file with --from."),
        (("--from", "a.pem"), "a.pem is not a file that `certrotation inventory --propose`"),
        (("shop", "--from", "a.pem"), "--from names secrets, files and tags"),
        (("shop",), "Name files, a directory or -, or give both"),
        (("shop", "--certificate", "a.pem"), "give both --certificate and --private-key"),
        (("shop", "a.pem", "--accept", "EXPIRED"), "EXPIRED cannot be accepted. These can: CHAIN"),
        (("shop", "a.pem", "--tags", "team=web"), "team=web is not a tag."),
        (("shop", "a.pem", "--tags", "[1]"), "The JSON of --tags must be a list"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2_and_changes_nothing(
    *, estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, issued: Issued,
    arguments: tuple[str, ...], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.pem", issued.fullchain_pem + issued.key_pem())

    ran = run_import(estate, *arguments)

    assert (ran.code, message in ran.err) == (ExitCode.USAGE, True)
    assert written(estate) == set()


def test_a_secret_that_is_being_deleted_is_an_error(
    estate: Estate, issued: Issued, live: str
) -> None:
    estate.secret("shop", issued)
    client("secretsmanager", HOME).delete_secret(SecretId=SHOP)

    ran = run_import(estate, "shop", live, "--no-wait", "--json")

    assert ran.code is ExitCode.ERROR
    assert ran.document["error"]["code"] == "SECRET_DELETED"


def test_a_proposal_of_the_inventory_is_filled_in_and_imported(
    estate: Estate,
    authorities: Authorities,
    tmp_path: Path,
    deployed: Callable[[Callable[[], object]], None],
) -> None:
    """From certificates of unknown history to managed ones, by two commands."""
    old = authorities.public.issue("shop.example.com")
    used = estate.certificate(old, HOME)
    estate.listener("web", HOME, used)
    spare = estate.certificate(old, HOME)
    estate.certificate(authorities.public.issue("blog.example.com"), HOME)
    path = tmp_path / "sites.json"
    run("inventory", "--propose", str(path), **settings_of(estate))
    proposal = json.loads(path.read_text(encoding="utf-8"))
    (site,) = [each for each in proposal["secrets"] if "shop.example.com" in each["names"]]
    renewed = authorities.public.issue("shop.example.com", lifetime=timedelta(days=100))
    site["certificate"] = write(tmp_path / "fullchain.pem", renewed.fullchain_pem)
    site["private_key"] = write(tmp_path / "key.pem", renewed.key_pem())
    path.write_text(json.dumps(proposal), encoding="utf-8")
    name = site["secret"].removeprefix(PREFIX)
    deployed(lambda: estate.rotate(name))

    ran = run_import(estate, "--from", str(path), "--json")

    assert ran.code is ExitCode.DONE, ran.err
    assert [each["live"] for each in ran.document["secrets"]] == [True]
    assert estate.presents(used) == renewed.certificate
    assert "certrotation:ignore" in estate.tags(spare)
    assert secret_tags(site["secret"]) == {"certrotation:regions": HOME}


def test_a_proposal_without_files_is_not_ready(estate: Estate, tmp_path: Path) -> None:
    secrets = [{"secret": SHOP, "certificate": "", "private_key": ""}]
    document = {"schema": "certrotation/proposal/1", "secrets": secrets}
    path = write(tmp_path / "sites.json", json.dumps(document))

    ran = run_import(estate, "--from", path)

    assert ran.code is ExitCode.USAGE
    assert "names the file of its certificate" in ran.err
