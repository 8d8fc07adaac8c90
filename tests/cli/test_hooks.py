"""The hooks of docs/hooks, run as their tools run them, each with its policy and no other right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.cli.files import pfx, write
from tests.cli.hook_machine import HOOKS, SHOP, Machine, hook_machine, is_least, material
from tests.simulation.estate import HOME, PREFIX, client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow


@pytest.fixture
def issued(authorities: Authorities) -> Issued:
    return authorities.public.issue("shop.example.com")


@pytest.fixture
def machine(estate: Estate, authorities: Authorities, tmp_path: Path) -> Iterator[Machine]:
    del estate
    with hook_machine(tmp_path, authorities) as found:
        yield found


def test_what_the_checks_refuse_is_not_stored_and_the_hook_fails(
    machine: Machine, issued: Issued, tmp_path: Path
) -> None:
    folder = tmp_path / "live" / "shop"
    for name in ("cert", "fullchain", "chain"):
        write(folder / f"{name}.pem", issued.certificate_pem)
    write(folder / "privkey.pem", issued.key_pem())

    done = machine.shell(str(HOOKS / "certbot.sh"), RENEWED_LINEAGE=str(folder))

    assert done.returncode == 3
    assert "refuse CHAIN_INCOMPLETE" in done.stdout
    assert machine.operations == ["DescribeSecret"]


@pytest.mark.parametrize(
    ("name", "path", "key"),
    [
        ("LEGO_HOOK_CERT_NAME", "LEGO_HOOK_CERT_PATH", "LEGO_HOOK_CERT_KEY_PATH"),
        ("LEGO_CERT_DOMAIN", "LEGO_CERT_PATH", "LEGO_CERT_KEY_PATH"),
    ],
    ids=["lego 5", "lego 4"],
)
def test_lego_gives_the_paths_by_its_variables(
    machine: Machine, issued: Issued, tmp_path: Path, *, name: str, path: str, key: str
) -> None:  # fmt: skip
    folder = tmp_path / "certificates"
    variables = {
        name: "*.shop",
        path: write(folder / "_.shop.crt", issued.fullchain_pem),
        key: write(folder / "_.shop.key", issued.key_pem()),
    }

    done = machine.shell(str(HOOKS / "lego.sh"), **variables)

    assert (done.returncode, done.stderr) == (0, "")
    assert material(f"{PREFIX}wildcard.shop")["certificate"] == issued.fullchain_pem


ACME = """
_getdeployconf() { _saved=$(sed -n "s/^$1=//p" "$SAVED"); [ -z "$_saved" ] || eval "$1='$_saved'"; }
_savedeployconf() { printf '%s=%s\\n' "$1" "$2" >> "$SAVED"; }
. "$HOOK"
certrotation_deploy "$@"
"""
"""What acme.sh does: functions of its own, the hook's file, and the paths in this order: domain,
key, certificate, CA, full chain (acme.sh, deploy/myapi.sh)."""


def test_acme_sh_remembers_the_secret_for_the_next_renewal(
    machine: Machine, issued: Issued, tmp_path: Path
) -> None:
    saved = write(tmp_path / "shop.conf", "")
    paths = [
        write(tmp_path / "shop.key", issued.key_pem()),
        write(tmp_path / "shop.cer", issued.certificate_pem),
        write(tmp_path / "ca.cer", issued.chain_pem),
        write(tmp_path / "fullchain.cer", issued.fullchain_pem),
    ]
    command = ("-c", ACME, "acme.sh", "shop.example.com", *paths)
    more = {"HOOK": str(HOOKS / "acme.sh"), "SAVED": saved}

    first = machine.shell(*command, **more, CERTROTATION_SECRET="shop")
    again = machine.shell(*command, **more)

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert f"A new version of {SHOP} is written" in again.stdout
    assert material()["certificate"] == issued.fullchain_pem
    assert is_least("import-policy.json", machine.operations)


def test_a_pipeline_checks_without_credentials_and_deploys_a_pfx(
    machine: Machine, issued: Issued, tmp_path: Path
) -> None:
    bundle = write(tmp_path / "shop.pfx", pfx(issued, "correct horse"))
    words = write(tmp_path / "pw", "correct horse")
    script = str(HOOKS / "pipeline.sh")
    without = dict.fromkeys((each for each in machine.environment if each.startswith("AWS_")), "")

    checked = machine.shell(script, "check", bundle, CERTROTATION_PASSWORD_FILE=words, **without)
    deployed = machine.shell(script, "deploy", "shop", bundle, CERTROTATION_PASSWORD_FILE=words)
    wrong = machine.shell(script, "destroy")

    assert (checked.returncode, deployed.returncode, wrong.returncode) == (0, 0, 2)
    assert set(material()) == {"pkcs12", "passphrase"}
    assert machine.operations == ["DescribeSecret", "CreateSecret"]


class ExternalSecrets:
    """What External Secrets Operator documents of PushSecret to AWS Secrets Manager.

    It creates the secret with the tag managed-by, writes only to secrets that have the tag, and
    takes the tags of the metadata for all that there should be.
    """

    def __init__(self) -> None:
        documents = yaml.safe_load_all((HOOKS / "push-secret.yaml").read_text(encoding="utf-8"))
        objects: dict[str, Any] = {each["kind"]: each["spec"] for each in documents}
        self.push = objects["PushSecret"]
        assert self.push["selector"]["secret"]["name"] == objects["Certificate"]["secretName"]
        self.region = objects["SecretStore"]["provider"]["aws"]["region"]

    def reconcile(self, secret: Mapping[str, str]) -> None:
        """Push the Kubernetes secret."""
        (data,) = self.push["data"]
        assert "secretKey" not in data["match"]  # then the whole secret is pushed, as JSON
        spec = data["metadata"]["spec"]
        assert spec["secretPushFormat"] == "string"
        tags = [{"Key": "managed-by", "Value": "external-secrets"}]
        tags += [{"Key": key, "Value": value} for key, value in spec["tags"].items()]
        name, value = data["match"]["remoteRef"]["remoteKey"], json.dumps(secret)
        api = client("secretsmanager", self.region)
        try:
            current = api.get_secret_value(SecretId=name)
        except api.exceptions.ResourceNotFoundException:
            api.create_secret(Name=name, SecretString=value, Tags=tags)
            return
        assert tags[0] in api.describe_secret(SecretId=name)["Tags"]
        api.tag_resource(SecretId=name, Tags=tags)
        if current["SecretString"] != value:
            api.put_secret_value(SecretId=name, SecretString=value)


def test_cert_manager_and_external_secrets_make_a_certificate_live(
    estate: Estate, issued: Issued, authorities: Authorities
) -> None:
    renewed = authorities.public.issue("shop.example.com")
    operator = ExternalSecrets()
    estate.aws.calls.clear()
    for each in (issued, renewed):
        operator.reconcile({"tls.crt": each.fullchain_pem, "tls.key": each.key_pem()})
    used = [call.operation for call in estate.aws.calls]
    assert is_least("push-secret-policy.json", used)

    estate.run()

    (arn,) = estate.certificates(HOME)
    assert estate.presents(arn) == renewed.certificate
    assert estate.tags(arn)["team"] == "web"
