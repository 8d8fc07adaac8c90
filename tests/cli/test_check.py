"""`certrotation check`: findings on material before it goes anywhere."""

from __future__ import annotations

import io
import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certrotation.cli.exit_codes import ExitCode
from tests.cli.files import certbot, descriptor, pfx, write
from tests.cli.running import Ran, run, settings_of
from tests.support.authority import now, pem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

Checker = Any


@pytest.fixture
def check(authorities: Authorities, tmp_path: Path) -> Callable[..., Ran]:
    """The verb, on a machine where the example's public root is the only public one."""
    roots = write(tmp_path / "roots.pem", pem(authorities.public_root.certificate))

    def run_check(*arguments: str) -> Ran:
        return run("check", *arguments, CERTROTATION_PUBLIC_ROOTS_FILE=roots)

    return run_check


@pytest.fixture
def issued(authorities: Authorities) -> Issued:
    return authorities.public.issue("shop.example.com")


def codes_of(ran: Ran) -> list[str]:
    return [each["code"] for each in ran.document["findings"]]


def test_a_directory_of_certbot_is_one_line_and_no_finding(
    check: Checker, issued: Issued, tmp_path: Path
) -> None:
    ran = check(certbot(tmp_path, "shop.example.com", issued))

    assert ran.code is ExitCode.DONE
    summary, no_findings = ran.out.splitlines()
    assert summary.startswith("shop.example.com: EC_prime256v1, issued by CN=Example Public CA 1")
    assert no_findings == "No findings."


def test_each_finding_is_one_line_and_a_refusal_is_exit_code_3(
    check: Checker, authorities: Authorities, tmp_path: Path
) -> None:
    expired = authorities.public.issue(
        "shop.example.com",
        not_before=now() - timedelta(days=90),
        not_after=now() - timedelta(days=1),
    )

    ran = check(
        write(tmp_path / "cert.pem", expired.certificate_pem),
        write(tmp_path / "key.pem", expired.key_pem()),
    )

    assert ran.code is ExitCode.FINDING
    _, *findings = ran.out.splitlines()
    assert [each.split(":")[0] for each in findings] == [
        "refuse EXPIRED",
        "refuse CHAIN_INCOMPLETE",
    ]
    assert expired.key_pem().splitlines()[1] not in ran.out + ran.err


def test_the_finding_of_a_missing_key_names_the_files(
    check: Checker, issued: Issued, tmp_path: Path
) -> None:
    path = write(tmp_path / "fullchain.pem", issued.fullchain_pem)

    ran = check(path)

    assert ran.code is ExitCode.FINDING
    assert f"No PEM private key and no PKCS#12 bundle is in {path}." in ran.out


def test_files_in_other_forms_are_the_same_material(
    check: Checker, issued: Issued, tmp_path: Path
) -> None:
    der = write(tmp_path / "shop.cer", issued.certificate.public_bytes(Encoding.DER))
    chain = write(tmp_path / "chain.pem", issued.chain_pem)
    key = write(tmp_path / "key.pem", issued.key_pem())
    together = write(tmp_path / "haproxy.pem", issued.key_pem() + issued.fullchain_pem)
    volume = {"tls.crt": issued.fullchain_pem, "tls.key": issued.key_pem()}
    for name, content in volume.items():
        write(tmp_path / "volume" / name, content)
    value = {"certificate": issued.fullchain_pem, "private_key": issued.key_pem()}
    document = write(tmp_path / "secret.json", json.dumps(value))

    for arguments in ((der, chain, key), (together,), (str(tmp_path / "volume"),), (document,)):
        ran = check(*arguments, "--json")
        assert (ran.code, codes_of(ran)) == (ExitCode.DONE, [])
        assert ran.document["material"]["names"] == ["shop.example.com"]
        assert ran.document["material"]["chain_length"] == 1


def test_standard_input_is_checked(check: Checker, issued: Issued) -> None:
    content = (issued.fullchain_pem + issued.key_pem()).encode()

    with patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(content))):
        assert check("-").code is ExitCode.DONE


def test_a_pfx_is_opened_with_a_passphrase_from_a_file_a_descriptor_or_a_person(
    check: Checker, issued: Issued, tmp_path: Path
) -> None:
    bundle = write(tmp_path / "shop.pfx", pfx(issued, "correct horse"))
    words = write(tmp_path / "pw.txt", "correct horse\nnot this line\n")

    assert check(bundle, "--password-file", words).code is ExitCode.DONE
    with descriptor("correct horse\r\n") as number:
        assert check(bundle, "--password-fd", str(number)).code is ExitCode.DONE
    with (
        patch("sys.stdin.isatty", return_value=True),
        patch("getpass.getpass", return_value="correct horse") as asked,
    ):
        assert check(bundle).code is ExitCode.DONE
    assert asked.call_count == 1


def test_without_a_passphrase_and_a_terminal_the_finding_says_how_to_give_one(
    check: Checker, issued: Issued, tmp_path: Path
) -> None:
    bundle = write(tmp_path / "shop.pfx", pfx(issued, "correct horse"))
    wrong = write(tmp_path / "pw.txt", "wrong horse")

    for arguments in ((bundle,), (bundle, "--password-file", wrong)):
        ran = check(*arguments)
        assert ran.code is ExitCode.FINDING
        assert "KEY_ENCRYPTED" in ran.out
        assert "--password-file" in ran.out
        assert "horse" not in ran.out + ran.err


def test_no_option_takes_a_passphrase_itself(check: Checker, tmp_path: Path) -> None:
    ran = check(write(tmp_path / "shop.pfx", b""), "--password", "correct horse")

    assert ran.code is ExitCode.USAGE


def test_nobody_is_asked_about_files_and_no_sdk_is_imported(
    check: Checker, issued: Issued, tmp_path: Path
) -> None:
    """Nothing of AWS is imported, and a socket would be an error."""
    directory = certbot(tmp_path, "shop", issued)
    before = {each for each in sys.modules if each.split(".")[0] in {"boto3", "botocore"}}
    hidden = {name: sys.modules.pop(name) for name in before}
    try:
        with (
            patch("socket.socket", side_effect=AssertionError("a socket")),
            patch.dict(sys.modules, {"boto3": None}),
        ):
            assert check(directory).code is ExitCode.DONE
        assert "botocore.session" not in sys.modules
    finally:
        sys.modules.update(hidden)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Name files, a directory or -, or a secret with --secret."),
        (("a.pem", "--secret", "shop"), "Name files, a directory or -, or a secret"),
        (("a.pem", "--against", "shop"), "shop is not the ARN of a certificate"),
        ((".",), "The directory . has none of these files: fullchain.pem and privkey.pem;"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(
    check: Checker,
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    ran = check(*arguments)

    assert (ran.code, message in ran.err) == (ExitCode.USAGE, True)


def test_a_file_that_does_not_exist_is_an_error(check: Checker) -> None:
    ran = check("nothing.pem", "--json")

    assert ran.code is ExitCode.ERROR
    assert ran.document["error"]["code"] == "FILE"


def test_the_live_certificate_decides_about_names_and_the_way_in(
    estate: Estate, authorities: Authorities, tmp_path: Path
) -> None:
    live = estate.certificate(
        authorities.public.issue("shop.example.com", "www.example.com", key="rsa2048"), "us-east-1"
    )
    directory = certbot(tmp_path, "shop", authorities.public.issue("shop.example.com"))

    ran = run("check", directory, "--against", live, "--json", **settings_of(estate))

    assert (ran.code, codes_of(ran)) == (ExitCode.FINDING, ["NAMES_LOST"])
    assert ran.document["against"] == [
        {
            "arn": live,
            "reimport": False,
            "reasons": ["the key changes from RSA_2048 to EC_prime256v1"],
        }
    ]
    assert {call.operation for call in estate.aws.calls} >= {"GetCertificate"}
    assert not {call.operation for call in estate.aws.calls} & {"GetSecretValue", "ListSecrets"}


def test_a_better_certificate_is_reimported(
    estate: Estate, authorities: Authorities, tmp_path: Path
) -> None:
    live = estate.certificate(authorities.public.issue("shop.example.com"), "eu-west-1")
    renewed = authorities.public.issue("shop.example.com", lifetime=timedelta(days=100))

    ran = run("check", certbot(tmp_path, "shop", renewed), "--against", live, **settings_of(estate))

    assert ran.code is ExitCode.DONE
    assert f"{live}: reimport" in ran.out


def test_a_secret_is_checked_with_what_its_tags_accept(
    estate: Estate, authorities: Authorities
) -> None:
    leaf = authorities.public.issue("shop.example.com")
    estate.secret("shop", {"certificate": leaf.certificate_pem, "private_key": leaf.key_pem()})

    refused = run("check", "--secret", "shop", "--json", **settings_of(estate))
    estate.tag_secret("shop", accept="CHAIN_INCOMPLETE")
    accepted = run("check", "--secret", "certrotation/shop", "--json", **settings_of(estate))

    assert (refused.code, codes_of(refused)) == (ExitCode.FINDING, ["CHAIN_INCOMPLETE"])
    assert (accepted.code, codes_of(accepted)) == (ExitCode.DONE, ["CHAIN_INCOMPLETE"])
    assert accepted.document["findings"][0]["severity"] == "warn"


def test_a_hostile_name_has_no_effect_on_the_terminal(
    check: Checker, authorities: Authorities, tmp_path: Path
) -> None:
    hostile = authorities.public.issue("shop.example.com", common_name="a\x1b[2J\rb")

    ran = check(certbot(tmp_path, "shop", hostile))

    assert "\x1b" not in ran.out + ran.err
