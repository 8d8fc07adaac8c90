"""Commands as real processes, against the account over HTTP."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation import __version__
from tests.cli.files import certbot, write
from tests.cli.running import COMMAND, deploy, environment, run_process, variables_of
from tests.double.server import serving
from tests.support.authority import pem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow


@pytest.fixture
def address(estate: Estate) -> Iterator[str]:
    """The estate over HTTP, deployed."""
    deploy(estate)
    with serving() as found:
        yield found


def test_the_mode_is_switched(address: str) -> None:
    ran = run_process(address, "mode", "report", "--yes", "--json")

    assert ran.code == 0
    assert [each["mode"] for each in ran.document["functions"]] == ["report", "report"]
    assert variables_of("tls-rotate")["CERTROTATION_MODE"] == "report"


def test_the_inventory_is_plain_in_a_pipe_and_fails_a_pipeline(
    estate: Estate, authorities: Authorities, address: str
) -> None:
    begun = datetime.now(UTC) - timedelta(days=89)
    issued = authorities.public.issue("shop.example.com", not_before=begun)
    arn = estate.certificate(issued, "eu-west-1")
    estate.listener("web", "eu-west-1", arn)

    ran = run_process(address, "inventory", "--fail-on", "critical", "--name", "shop")

    assert ran.code == 3
    assert ran.err == ""
    assert ran.out.splitlines()[1].startswith("shop.example.com  eu-west-1  0 critical  EC_prime")
    assert "\x1b" not in ran.out


def test_a_plan_of_a_refused_secret_says_why(
    estate: Estate, authorities: Authorities, address: str
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com", ca=True))

    ran = run_process(address, "plan", "shop", "--detailed-exitcode")

    assert ran.code == 3
    assert ran.out.startswith("certrotation/shop: refused: nothing would be changed in any Region")
    assert "refuse LEAF_IS_CA: " in ran.out


def test_a_secret_is_rotated_here_and_rolled_back(
    estate: Estate, authorities: Authorities, address: str
) -> None:
    first = authorities.public.issue("shop.example.com")
    estate.secret("shop", first)

    rotated = run_process(address, "rotate", "shop", "--here", "--yes")
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    back = run_process(address, "rollback", "shop", "--yes", "--json")

    assert rotated.code == back.code == 0
    (arn,) = estate.certificates("eu-west-1")
    assert estate.presents(arn) == first.certificate
    assert back.document["moved"]
    assert "PRIVATE KEY" not in rotated.out + rotated.err + back.out + back.err


def test_an_account_that_does_not_answer_is_an_error() -> None:
    ran = run_process("http://127.0.0.1:9", "mode")

    assert ran.code == 1
    assert ran.err.startswith("Error: UNREACHABLE: cloudformation:DescribeStacks")
    assert "Run the command again." in ran.err
    assert "by itself" not in ran.err


def test_a_hook_checks_what_a_renewal_tool_wrote(tmp_path: Path, authorities: Authorities) -> None:
    roots = write(tmp_path / "roots.pem", pem(authorities.public_root.certificate))
    expired = authorities.public.issue("shop.example.com", lifetime=timedelta(minutes=5))

    ran = run_process(
        None, "check", certbot(tmp_path, "shop", expired), CERTROTATION_PUBLIC_ROOTS_FILE=roots
    )

    assert (ran.code, ran.err) == (3, "")
    assert ran.out.splitlines()[1].startswith("refuse EXPIRED: The certificate expired on ")


def test_a_certificate_is_imported_and_its_key_is_shown_nowhere(
    address: str, tmp_path: Path, authorities: Authorities
) -> None:
    issued = authorities.public.issue("shop.example.com")
    roots = write(tmp_path / "roots.pem", pem(authorities.public_root.certificate))

    ran = run_process(
        address, "import", "shop", "-", "--no-wait", "--debug",
        stdin=issued.fullchain_pem + issued.key_pem(),
        CERTROTATION_PUBLIC_ROOTS_FILE=roots,
    )  # fmt: skip

    assert ran.code == 0, ran.err
    assert "The new secret certrotation/shop is written" in ran.out
    assert not any(line in ran.out + ran.err for line in issued.key_pem().splitlines()[1:-1])


def test_endpoints_are_compared_and_the_account_is_diagnosed(address: str, estate: Estate) -> None:
    """To somebody who may ask neither IAM nor Service Quotas."""
    for service, operation in (
        ("iam", "SimulatePrincipalPolicy"),
        ("service-quotas", "ListServiceQuotas"),
    ):
        estate.aws.behaviour.denied.add((service, operation, None))

    verified = run_process(address, "verify", "--json")
    diagnosed = run_process(address, "doctor", "--json")

    assert (verified.code, verified.document["answers"]) == (0, [])
    health = {each["check"]: each["health"] for each in diagnosed.document["results"]}
    assert diagnosed.code == 3
    assert (health["credentials"], health["last scan"], health["alarms"]) == (
        "ok", "wrong", "wrong",
    )  # fmt: skip


def test_help_version_and_a_wrong_option_ask_nobody() -> None:
    assert run_process(None, "--version").out == f"certrotation {__version__}\n"
    wrong = run_process(None, "mode", "--nothing")
    assert wrong.code == 2
    assert "No such option '--nothing'" in wrong.err


def test_ctrl_c_ends_a_command_at_once_with_a_sentence() -> None:
    """Against an address that takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        with subprocess.Popen(  # noqa: S603  our own module
            [*COMMAND, "mode", "--json"],
            env=environment(f"http://127.0.0.1:{silent.getsockname()[1]}"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            connection, _ = silent.accept()
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
            connection.close()

    assert time.monotonic() - began < 2
    assert (process.returncode, out) == (1, "")
    assert err == "Error: Interrupted. Nothing was changed.\n"


def test_a_reader_that_leaves_is_no_traceback(address: str) -> None:
    with subprocess.Popen(  # noqa: S603  our own module
        [*COMMAND, "mode"],
        env=environment(address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1
