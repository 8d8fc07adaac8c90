"""The command line with a secret that takes its value from another account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certrotation.cli.exit_codes import ExitCode
from tests.cli.files import certbot
from tests.cli.running import deploy, run, settings_of
from tests.simulation.central import CENTRAL, Central
from tests.simulation.estate import HOME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.running import Ran
    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

LOGS = "tls-rotate-logs"


@pytest.fixture
def central(estate: Estate) -> Central:
    found = Central(estate.aws)
    estate.environment["CERTROTATION_SOURCE_SECRETS"] = found.sources
    return found


@pytest.fixture
def source(estate: Estate, central: Central, authorities: Authorities) -> str:
    arn = central.secret("shop", authorities.public.issue("shop.example.com"))
    estate.reference("shop", arn)
    return arn


def in_a_shell(estate: Estate, *words: str) -> Ran:
    return run(*words, **settings_of(estate))


def test_a_rollback_is_refused_with_the_command_for_the_sources_account(
    estate: Estate, central: Central, source: str, authorities: Authorities
) -> None:
    secrets = central.client("secretsmanager")
    central.renew(source, authorities.public.issue("shop.example.com"))
    with estate.aws.unobserved():
        stages = secrets.describe_secret(SecretId=source)["VersionIdsToStages"]
    ids = {stage: version for version, held in stages.items() for stage in held}

    ran = in_a_shell(estate, "rollback", "shop", "--yes")

    assert ran.code == ExitCode.ERROR
    said = " ".join(ran.err.split())
    assert f"with credentials of account {CENTRAL}: aws secretsmanager" in said
    command = said.partition(": aws secretsmanager ")[2].split()
    assert command == [
        *("update-secret-version-stage", "--region", HOME, "--secret-id", source),
        *("--version-stage", "AWSCURRENT"),
        *("--remove-from-version-id", ids["AWSCURRENT"]),
        *("--move-to-version-id", ids["AWSPREVIOUS"]),
    ]


def test_a_rollback_whose_source_cannot_be_described_says_where_the_ids_are(
    estate: Estate, central: Central, source: str
) -> None:
    central.unshare(source, "CertrotationDescribes")

    said = " ".join(in_a_shell(estate, "rollback", "shop").err.split())

    assert "--remove-from-version-id <AWSCURRENT> --move-to-version-id <AWSPREVIOUS>" in said
    assert f"--secret-id {source} --query VersionIdsToStages" in said


def test_a_reference_whose_source_cannot_be_described_is_queued_without_a_version(
    estate: Estate, central: Central, source: str
) -> None:
    central.unshare(source, "CertrotationDescribes")

    ran = in_a_shell(estate, "rotate", "shop")

    assert ran.code == ExitCode.DONE, ran.err
    assert ran.out.strip() == "certrotation/shop: queued"


def test_nothing_is_imported_into_a_reference(
    estate: Estate, source: str, authorities: Authorities, tmp_path: Path
) -> None:
    live = certbot(tmp_path, "shop.example.com", authorities.public.issue("shop.example.com"))
    estate.aws.calls.clear()

    ran = in_a_shell(estate, "import", "shop", live, "--no-wait")

    assert ran.code == ExitCode.ERROR
    assert f"put-secret-value --region {HOME} --secret-id {source}" in " ".join(ran.err.split())
    assert "PutSecretValue" not in {each.operation for each in estate.aws.calls}


@pytest.mark.usefixtures("source")
def test_plan_and_check_read_through_a_reference(estate: Estate) -> None:
    plan = in_a_shell(estate, "plan", "--json").document["secrets"][0]
    checked = in_a_shell(estate, "check", "--secret", "shop")

    assert [each["verb"] for each in plan["regions"][0]["steps"]] == ["import"]
    assert plan["findings"] == []
    assert checked.code == ExitCode.DONE
    assert "shop.example.com" in checked.out


@pytest.fixture
def deployed(estate: Estate) -> Iterator[None]:
    """A stack with a log; IAM and Service Quotas answer nobody."""
    deploy(estate, logs=LOGS)

    def deny(call: Call) -> None:
        if call.operation in {"SimulatePrincipalPolicy", "ListServiceQuotas"}:
            raise estate.aws.error("AccessDenied", call.operation)

    with estate.aws.before(deny):
        yield


def sources_of(ran: Ran) -> list[dict[str, str]]:
    return [each for each in ran.document["results"] if each["check"] == "sources"]


@pytest.mark.usefixtures("central", "deployed")
def test_the_doctor_says_which_policy_denies_the_roles_of_the_service(
    estate: Estate, central: Central, source: str
) -> None:
    central.unshare(source, "CertrotationReads")
    estate.aws.log(LOGS, *estate.run().lines)
    central.share(source)

    (found,) = sources_of(run("doctor", "--json"))

    assert found["health"] == "wrong"
    assert found["found"].startswith("certrotation/shop: rotate was refused: secretsmanager:Get")
    assert found["remedy"].startswith("The resource policy of the source denies it.")
    assert found["link"] == "docs/accounts.md#secrets-of-another-account"


@pytest.mark.usefixtures("central", "source", "deployed")
def test_the_doctor_finds_a_reference_that_nobody_could_read_and_is_content_with_others(
    estate: Estate,
) -> None:
    estate.reference("wiki", "shared/wiki")

    fine, broken = sorted(sources_of(run("doctor", "--json")), key=lambda each: each["health"])

    assert broken["found"].startswith("certrotation/wiki: The tag certrotation:source is")
    assert fine["found"] == "No refusal of certrotation/shop in the last 2 scan intervals"


@pytest.mark.usefixtures("central", "source", "deployed")
def test_without_the_log_the_doctor_does_not_know(estate: Estate) -> None:
    estate.aws.behaviour.denied.add(("logs", "FilterLogEvents", None))

    (found,) = sources_of(run("doctor", "--json"))

    assert found["health"] == "unknown"


@pytest.mark.usefixtures("deployed")
def test_without_references_the_doctor_reads_no_log(estate: Estate) -> None:
    assert sources_of(run("doctor", "--json")) == []
    assert estate.aws.calls_of("logs", "FilterLogEvents") == []
