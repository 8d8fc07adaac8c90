"""Starts what plays AWS: the double, the gate in front of it, and ministack."""

from __future__ import annotations

import ipaddress
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import botocore.session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.double.fakes import fakes
from tests.double.server import serving
from tests.e2e.places import ACCOUNT, EMULATOR_PYTHON, HOME, ROOT, ROOT_SECRET
from tests.e2e.processes import Process, free_port, listens, running
from tests.support.authority import now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.e2e.places import Folder


def endpoint_of(service: str) -> str:
    """Return what boto3 calls a service in AWS_ENDPOINT_URL_<service> (AWS SDKs Reference)."""
    model = botocore.session.get_session().get_service_model(service)
    return model.service_id.upper().replace(" ", "_")


BEHIND_THE_GATE = (
    "ACM",
    "CLOUDWATCH_LOGS",
    "EVENTBRIDGE",
    "RESOURCE_GROUPS_TAGGING_API",
    "ROUTE_53",
    "SECRETS_MANAGER",
    "SNS",
    "SQS",
    "SSM",
    *(endpoint_of(fake.service) for fake in fakes().values()),
)
"""Services whose calls the functions send to the gate, as boto3 names their endpoints."""

MINISTACK = ("-m", "ministack")

_COMPLAINT = re.compile(r"ERROR(?! \[asyncio\])|WARNING|Error: ")
_MOST_COMPLAINTS = 20

_LEFT_OUT = ("AWS_", "CDK_", "CERTROTATION_", "PYTHONPATH")
"""How the names of variables begin that would make a run depend on who starts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where everything listens."""

    ministack: str
    gate: str
    processes: tuple[Process, ...]

    def say(self) -> str:
        """Return everything that the servers wrote."""
        return "\n".join(each.said for each in self.processes)

    def complaints(self) -> str:
        """Return the last of what the servers complained of."""
        lines = [each for each in self.say().splitlines() if _COMPLAINT.search(each)]
        return "\n".join(lines[-_MOST_COMPLAINTS:])


def credentials() -> dict[str, str]:
    """Return the environment of the account's own credentials at ministack."""
    return {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": ROOT_SECRET}


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without any settings of AWS's or ours, and with `more`."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)
    }
    # No profile and no credentials of the person who runs this may come into it.
    none = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    loopback = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return inherited | none | loopback | {"AWS_EC2_METADATA_DISABLED": "true"} | more


@contextmanager
def serve(
    folder: Folder, accounts: Sequence[str] = (ACCOUNT,), program: Sequence[str] = MINISTACK
) -> Iterator[Servers]:
    """Start all servers; the double is that of the world entered around this.

    Args:
        folder: where everything is written.
        accounts: those whose functions call.
        program: what Python is told to start ministack.
    """
    write_certificate(folder)
    folder.scratch.mkdir()
    port = free_port()
    ministack_url = f"https://127.0.0.1:{port}"
    with (
        serving() as double,
        running(_gate(folder, double, ministack_url, accounts)) as gate,
    ):
        gate.wait_until(lambda: gate.said.startswith("http"))
        gate_url = gate.said.splitlines()[0]
        with running(_ministack(folder, port, gate_url, program)) as ministack:
            ministack.wait_until(lambda: listens(port))
            yield Servers(ministack=ministack_url, gate=gate_url, processes=(gate, ministack))


def _gate(folder: Folder, double: str, ministack: str, accounts: Sequence[str]) -> Process:
    command = [str(EMULATOR_PYTHON), "-m", "tests.e2e.gate"]
    command += ["--double", double, "--ministack", ministack, "--region", HOME]
    command += ["--trusted", str(folder.certificate), "--log", str(folder.decisions)]
    command += ["--unseen", str(folder.unseen)]
    command += [word for account in accounts for word in ("--account", account)]
    return Process(command, cwd=ROOT, environment=environment(), log=folder.path / "gate.log")


def _ministack(folder: Folder, port: int, gate: str, program: Sequence[str]) -> Process:
    return Process(
        [str(EMULATOR_PYTHON), *program],
        cwd=folder.path,
        environment=environment(
            **_ministack_settings(folder, port), **_inherited_by_functions(gate, folder)
        ),
        log=folder.path / "ministack.log",
    )


def _ministack_settings(folder: Folder, port: int) -> dict[str, str]:
    return {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": HOME,
        "MINISTACK_SSL_CERT": str(folder.certificate),
        "MINISTACK_SSL_KEY": str(folder.key),
        "TMPDIR": str(folder.scratch),  # where it unpacks the functions
        "USE_SSL": "1",
    }


def _inherited_by_functions(gate: str, folder: Folder) -> Mapping[str, str]:
    """Return what the functions find in their environment beside what the stack says.

    ministack hands its own environment on, so the template needs nothing for this run's sake.
    """
    return {
        "AWS_CA_BUNDLE": str(folder.certificate),
        # For the URL at which CloudFormation waits for an answer, which is ministack's.
        "SSL_CERT_FILE": str(folder.certificate),
        "CERTROTATION_PUBLIC_ROOTS_FILE": str(folder.roots),
        **{f"AWS_ENDPOINT_URL_{service}": gate for service in BEHIND_THE_GATE},
    }


def write_certificate(folder: Folder) -> None:
    """Write a certificate for the loopback address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ministack")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(hours=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    folder.key.touch(mode=0o600)
    folder.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
