"""The hooks of certbot and lego, run by certbot and lego, which ask a local ACME server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from tests.cli.acme import acme_server, find_certbot, find_lego
from tests.cli.hook_machine import HOOKS, SHOP, Machine, hook_machine, is_least, material
from tests.simulation.estate import HOME, client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

HOST = "shop.example.com"


@pytest.fixture
def machine(estate: Estate, authorities: Authorities, tmp_path: Path) -> Iterator[Machine]:
    del estate
    with hook_machine(tmp_path, authorities) as found:
        yield found


@pytest.fixture
def directory(authorities: Authorities, tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "ca"
    folder.mkdir()
    with acme_server(folder, authorities.public) as url:
        yield url


def is_stored(certificate: Path, key: Path) -> bool:
    """Whether the secret holds what the tool has in its files."""
    stored = material()
    return (stored["certificate"].strip(), stored["private_key"].strip()) == (
        certificate.read_text(encoding="utf-8").strip(),
        key.read_text(encoding="utf-8").strip(),
    )


def delete_the_secret() -> None:
    """Schedule the secret for deletion: it takes no new version."""
    client("secretsmanager", HOME).delete_secret(SecretId=SHOP)


def test_certbot_makes_its_certificate_and_each_renewal_live(
    estate: Estate, machine: Machine, directory: str, tmp_path: Path
) -> None:
    certbot, folder = find_certbot(), tmp_path / "letsencrypt"
    hook = folder / "renewal-hooks" / "deploy" / "certrotation"
    hook.parent.mkdir(parents=True)
    hook.symlink_to(HOOKS / "certbot.sh")
    folders = [f"--{each}-dir={folder / name}" for each, name in (("work", "w"), ("logs", "l"))]
    common = (f"--config-dir={folder}", *folders, "--non-interactive")
    lineage = folder / "live" / HOST
    files = lineage / "fullchain.pem", lineage / "privkey.pem"

    def renew() -> CompletedProcess[str]:
        return machine.run(
            *(certbot, "renew", "--force-renewal", "--no-random-sleep-on-renew", *common),
            CERTROTATION_SECRET="shop",
        )

    obtained = machine.run(
        *(certbot, "certonly", "--server", directory, "--domain", HOST, *common),
        *("--agree-tos", "--email", "ops@example.com"),
        *("--manual", "--manual-auth-hook", "true", "--preferred-challenges", "dns"),
        CERTROTATION_SECRET="shop",
    )
    assert obtained.returncode == 0, obtained.stderr
    assert is_stored(*files)
    estate.run()
    (arn,) = estate.certificates(HOME)
    first = estate.presents(arn)

    renewed = renew()
    assert (renewed.returncode, "Hook 'deploy-hook' reported" in renewed.stderr) == (0, False)
    assert is_stored(*files)
    assert is_least("import-policy.json", machine.operations)
    estate.run()
    assert estate.presents(arn) == x509.load_pem_x509_certificate(files[0].read_bytes())
    assert estate.presents(arn) != first

    delete_the_secret()
    failed = renew()
    assert "Hook 'deploy-hook' reported error code 1" in failed.stderr
    assert "SECRET_DELETED" in failed.stderr
    assert failed.returncode == 0, "docs/hooks.md says that certbot's exit code does not show it"


def test_lego_writes_its_certificate_and_each_renewal(
    machine: Machine, directory: str, tmp_path: Path
) -> None:
    folder, hook = tmp_path / "lego", str(HOOKS / "lego.sh")
    lego = (
        *(find_lego(), "--server", directory, "--path", str(folder), "--domains", HOST),
        *("--email", "ops@example.com", "--accept-tos", "--http", "--http.port", "127.0.0.1:0"),
    )
    certificates = folder / "certificates"
    files = certificates / f"{HOST}.crt", certificates / f"{HOST}.key"
    renew = (*lego, "renew", "--days", "900", "--no-random-sleep", "--renew-hook", hook)

    obtained = machine.run(*lego, "run", "--run-hook", hook, CERTROTATION_SECRET="shop")
    assert obtained.returncode == 0, obtained.stderr
    assert is_stored(*files)

    renewed = machine.run(*renew, CERTROTATION_SECRET="shop")
    assert renewed.returncode == 0, renewed.stderr
    assert f"A new version of {SHOP} is written" in renewed.stdout
    assert is_stored(*files)
    assert is_least("import-policy.json", machine.operations)

    delete_the_secret()
    failed = machine.run(*renew, CERTROTATION_SECRET="shop")
    assert failed.returncode == 1
    assert "SECRET_DELETED" in failed.stdout
