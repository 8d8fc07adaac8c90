"""A managed secret without a value of its own takes the value of a secret in another account."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.names.source_policies import Reader
from certrotation.names.sources import source_message
from tests.simulation.central import CENTRAL, SPOKE, STACK, Central, acting_in
from tests.simulation.estate import HOME, Estate, client
from tests.simulation.mailbox import Mailbox
from tests.simulation.runner import record_of, run_rotate
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.simulation.estate import Run
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

US = "us-east-1"
OTHER = "222233334444"
SHOP = "certrotation/shop"

DENIED = {
    "the role's, to describe": (
        "secretsmanager:DescribeSecret",
        "no identity-based policy allows",
        "The policy of the role denies it. Add the source to the setting source_secrets",
    ),
    "the role's, to read": (
        "secretsmanager:GetSecretValue",
        "no identity-based policy allows",
        "The policy of the role denies it. Add the source to the setting source_secrets",
    ),
    "the role's, to decrypt": (
        "kms:Decrypt",
        "Access to KMS is not allowed",
        "Inferred: the policy of the source's KMS key denies it",
    ),
    "the secret's, to describe": (
        "CertrotationDescribes",
        "no resource-based policy allows",
        "The resource policy of the source denies it.",
    ),
    "the secret's, to read": (
        "CertrotationReads",
        "no resource-based policy allows",
        "The resource policy of the source denies it.",
    ),
    "the key's": (
        "key",
        "Access to KMS is not allowed",
        "Inferred: the policy of the source's KMS key denies it",
    ),
}
"""By what is taken away: whose it is, AWS's words, and how the remedy begins."""


@pytest.fixture
def central(estate: Estate) -> Central:
    made = Central(estate.aws, *(Reader(each, HOME, STACK) for each in (SPOKE, OTHER)))
    estate.environment["CERTROTATION_SOURCE_SECRETS"] = made.sources
    return made


@pytest.fixture
def rsa(authorities: Authorities) -> Callable[[], Issued]:
    return lambda: authorities.public.issue("shop.example.com", key=shared_key("rsa2048"))


def only_copy(estate: Estate, region: str) -> str:
    (arn,) = estate.certificates(region)
    return arn


def finding(run: Run, name: str = SHOP) -> dict[str, str]:
    (found,) = run.rotation(name)["findings"]
    return {key: str(value) for key, value in found.items()}


def take_away(policy: str, estate: Estate, central: Central, source: str) -> None:
    """Take away what one of the three policies allows the readers."""
    taken, _, _ = DENIED[policy]
    if ":" in taken:
        estate.aws.behaviour.denied_to_role.add(taken)
    elif taken == "key":
        central.set_key_policy({"Version": "2012-10-17", "Statement": []})
    else:
        central.unshare(source, taken)


def give_back(estate: Estate, central: Central, source: str) -> None:
    estate.aws.behaviour.denied_to_role.clear()
    central.set_key_policy(central.key_policy)
    central.share(source)


def second_time(estate: Estate, name: str = "shop") -> Run:
    """Receive a message for a secret a second time."""
    with estate.listening() as run:
        estate.receive(name, 2)
    return run


def test_the_certificate_of_a_source_is_renewed_and_moved_in_two_accounts(
    estate: Estate,
    central: Central,
    rsa: Callable[[], Issued],
    authorities: Authorities,
    tmp_path: Path,
) -> None:
    first = rsa()
    source = central.secret("shop", first)
    estate.reference("shop", source, {"team": "web"})
    with acting_in(estate.aws, OTHER) as variables:
        sources = {"CERTROTATION_SOURCE_SECRETS": central.sources}
        other = Estate(estate.aws, settings=variables | sources)
        other.trust(tmp_path, authorities.public_root.certificate)
        other.reference("wiki", source, {"certrotation:regions": US})
        other.run()
        copy_there = only_copy(other, US)
        listener_there = other.listener("wiki", US, copy_there)
    estate.run()
    copies = {region: only_copy(estate, region) for region in (HOME, US)}
    listener = estate.listener("shop", HOME, copies[HOME])

    assert copy_there.split(":")[4] == OTHER
    assert {estate.presents(each) for each in copies.values()} == {first.certificate}
    assert estate.tags(copies[HOME])["team"] == "web"

    renewed = rsa()
    version = central.renew(source, renewed)
    run = estate.run()

    assert run.scans[0]["queued"] == [SHOP]
    assert {estate.presents(each) for each in copies.values()} == {renewed.certificate}
    assert estate.tags(copies[US])["certrotation:version"] == version
    assert estate.run().scans[0]["queued"] == []

    replaced = authorities.public.issue("shop.example.com")  # ECDSA: a new ARN
    central.renew(source, replaced)
    estate.run()
    assert estate.presents(estate.default_of(listener)) == replaced.certificate
    with acting_in(estate.aws, OTHER):
        other.run()
        assert other.presents(other.default_of(listener_there)) == replaced.certificate
        assert other.run().scans[0]["queued"] == []


@pytest.mark.parametrize("policy", DENIED)
def test_two_accounts_renew_in_three_regions_and_both_stay_as_they_are_while_a_policy_is_missing(
    estate: Estate,
    central: Central,
    rsa: Callable[[], Issued],
    authorities: Authorities,
    tmp_path: Path,
    *,
    policy: str,
) -> None:
    first, second = rsa(), rsa()
    source = central.secret("shop", first)
    made = []
    for account in (SPOKE, OTHER):
        with acting_in(estate.aws, account) as variables:
            settings = variables | {"CERTROTATION_SOURCE_SECRETS": central.sources}
            each = Estate(estate.aws, HOME, US, "ap-southeast-2", settings=settings)
            each.trust(tmp_path, authorities.public_root.certificate)
            each.reference("shop", source)
            made.append((account, each))

    def live(*, status: str) -> set[Any]:
        found = set[Any]()
        for account, each in made:
            with acting_in(estate.aws, account):
                assert each.run().rotation(SHOP)["status"] == status
                found |= {each.presents(only_copy(each, region)) for region in each.regions}
        return found

    assert live(status="done") == {first.certificate}

    central.renew(source, second)
    take_away(policy, estate, central, source)
    assert live(status="refused") == {first.certificate}

    give_back(estate, central, source)
    assert live(status="done") == {second.certificate}


def test_the_source_of_a_reference_is_described_once_a_scan_and_its_value_is_never_read(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    source = central.secret("shop", rsa())
    for name in ("shop", "shop-2"):
        estate.reference(name, source)
    estate.reference("wiki", central.secret("wiki", rsa()))
    estate.run()
    estate.aws.calls.clear()

    estate.scan()

    calls = [each.operation for each in estate.aws.calls_of("secretsmanager")]
    assert sorted(calls) == ["DescribeSecret", "DescribeSecret", "ListSecrets", "ListSecrets"]


def test_a_rollback_at_the_source_goes_live_and_a_hold_of_the_reference_stops_the_reference(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    first, second = rsa(), rsa()
    source = central.secret("shop", first)
    estate.reference("shop", source)
    estate.run()
    central.renew(source, second)
    estate.run()
    central.roll_back(source)
    estate.tag_secret("shop", hold="")

    run = estate.run()
    assert run.rotation(SHOP)["status"] == "planned"
    assert estate.presents(only_copy(estate, HOME)) == second.certificate

    estate.untag_secret("shop", "hold")
    estate.run()
    assert estate.presents(only_copy(estate, HOME)) == first.certificate


@pytest.mark.parametrize("policy", DENIED)
def test_each_of_the_three_policies_taken_away_is_named_and_nothing_changes_until_it_is_back(
    estate: Estate, central: Central, rsa: Callable[[], Issued], policy: str
) -> None:
    first, second = rsa(), rsa()
    source = central.secret("shop", first)
    estate.reference("shop", source)
    estate.run()
    mailbox = Mailbox(estate)
    central.renew(source, second)
    _, words, remedy = DENIED[policy]
    take_away(policy, estate, central, source)

    run = estate.run()

    found = finding(run)
    assert (found["code"], found["severity"]) == ("SOURCE_DENIED", "refuse")
    assert source in found["found"]
    assert words in found["found"]
    assert found["remedy"].startswith(remedy)
    assert run.metric("RotationRefused") == 1
    assert estate.presents(only_copy(estate, HOME)) == first.certificate
    (letter,) = mailbox.letters()
    assert "SOURCE_DENIED" in letter.body
    assert words in letter.body
    assert f"Source: {source}" in letter.body
    assert "takes its value from another account" in letter.body
    assert estate.scan().scans[0]["queued"] == [SHOP], "the refusal is told at every scan"

    give_back(estate, central, source)
    estate.run()
    assert estate.presents(only_copy(estate, HOME)) == second.certificate
    assert estate.scan().scans[0]["queued"] == []


def test_copies_never_count_as_current_while_the_source_cannot_be_described(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    source = central.secret("shop", rsa())
    estate.reference("shop", source)
    estate.run()
    central.unshare(source, "CertrotationDescribes")

    scan = estate.scan().scans[0]

    assert (scan["states"]["current"], scan["states"]["due"]) == (0, 2)
    (*copies, reason) = scan["due"][SHOP]
    assert [each.partition(": ")[2] for each in copies] == [
        "the version of the secret's source is unknown"
    ] * 2
    assert "no resource-based policy allows the secretsmanager:DescribeSecret action" in reason


def test_a_source_that_cannot_be_described_for_a_moment_stops_no_other_secret(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    material = rsa()
    estate.reference("shop", central.secret("shop", material))
    estate.secret("wiki", rsa())

    def fail(call: object) -> None:
        if "shared/shop" in str(getattr(call, "params", "")):
            raise estate.aws.error("InternalServiceError", "DescribeSecret")

    with estate.aws.before(fail):
        scan = estate.scan().scans[0]

    assert sorted(scan["queued"]) == [SHOP, "certrotation/wiki"]
    assert scan["due"][SHOP][-1].startswith("UNREACHABLE: secretsmanager:DescribeSecret for the")
    estate.drain()
    assert material.certificate in {estate.presents(each) for each in estate.certificates(HOME)}


@pytest.mark.parametrize("at_once", [False, True])
def test_a_source_that_is_deleted_is_reported_and_the_copies_stay(
    estate: Estate, central: Central, rsa: Callable[[], Issued], *, at_once: bool
) -> None:
    first = rsa()
    source = central.secret("shop", first)
    estate.reference("shop", source)
    estate.run()
    central.delete(source, at_once=at_once)

    scan = estate.scan()
    first_try = estate.rotate("shop")
    run = second_time(estate)

    assert scan.scans[0]["queued"] == [SHOP]
    assert first_try.rotation(SHOP)["status"] == "failed", "the source might be new"
    found = finding(run)
    assert found["code"] == "SOURCE_GONE"
    assert source in found["found"]
    assert found["remedy"].startswith("Restore the source")
    assert estate.presents(only_copy(estate, HOME)) == first.certificate

    if not at_once:
        central.restore(source)
        assert estate.scan().scans[0]["queued"] == []


def test_a_source_without_a_value_is_reported_once_there_are_copies(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    source = central.secret("shop", None)
    estate.reference("shop", source)
    assert estate.scan().scans[0]["queued"] == [], "like a new secret that awaits its value"

    estate.rotate("shop")
    assert finding(second_time(estate))["code"] == "SOURCE_GONE"

    central.renew(source, rsa())
    assert estate.run().rotation(SHOP)["status"] == "done"


def test_a_source_under_the_default_key_can_be_read_by_no_other_account(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    estate.reference("shop", central.secret("shop", rsa(), key=None))

    found = finding(estate.run())

    assert found["code"] == "SOURCE_DENIED"
    assert "Encrypt it with a customer managed key" in found["remedy"]


def test_where_aws_gives_no_reason_the_likely_policy_is_named_as_inferred(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    source = central.secret("shop", rsa())
    estate.reference("shop", source)
    estate.aws.behaviour.names_policies = False
    central.unshare(source, "CertrotationReads")

    assert finding(estate.run())["remedy"].startswith("Inferred: the resource policy of the source")


MALFORMED = {
    "a name": ("shared/shop", "which is not the ARN of a secret"),
    "a partial ARN": (
        f"arn:aws:secretsmanager:{HOME}:{CENTRAL}:secret:shop",
        "which is not a full ARN",
    ),
    "a pattern": (
        f"arn:aws:secretsmanager:{HOME}:{CENTRAL}:secret:shared/*",
        "which is a pattern",
    ),
    "this account": (
        f"arn:aws:secretsmanager:{HOME}:{SPOKE}:secret:shared/shop-AbCdEf",
        "is in this account",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_tag_that_names_no_secret_of_another_account_is_refused_without_a_call(
    estate: Estate, central: Central, case: str
) -> None:
    del central
    tag, sentence = MALFORMED[case]
    estate.reference("shop", tag)

    run = estate.run()

    found = finding(run)
    assert found["code"] == "SOURCE_MALFORMED"
    assert sentence in found["found"]
    asked = {str(each.params.get("SecretId")) for each in estate.aws.calls_of("secretsmanager")}
    assert tag not in asked


def test_a_source_outside_the_setting_is_refused_without_a_call(
    estate: Estate, central: Central
) -> None:
    other = f"arn:aws:secretsmanager:{HOME}:{CENTRAL}:secret:private/shop-AbCdEf"
    estate.reference("shop", other)

    found = finding(estate.run())

    assert found["code"] == "SOURCE_DENIED"
    assert found["found"] == (
        f"The policy of the role does not allow {other}: the setting source_secrets names"
        f" {central.sources}."
    )


def test_without_the_setting_a_reference_is_refused_and_the_other_account_is_never_asked(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    source = central.secret("shop", rsa())
    del estate.environment["CERTROTATION_SOURCE_SECRETS"]
    estate.reference("shop", source)

    run = estate.run()

    assert finding(run)["found"].endswith("the setting source_secrets names no secrets.")
    assert run.scans[0]["queued"] == [SHOP]
    asked = {str(each.params.get("SecretId")) for each in estate.aws.calls_of("secretsmanager")}
    assert source not in asked


def test_a_reference_with_a_value_of_its_own_is_refused(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    estate.secret("shop", rsa(), {"certrotation:source": central.secret("shop", rsa())})

    run = estate.run()

    found = finding(run)
    assert found["code"] == "SOURCE_MALFORMED"
    assert found["found"] == f"{SHOP} has a value of its own and the tag certrotation:source."
    assert estate.certificates(HOME) == []


def test_a_reference_with_an_issuer_is_refused(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    estate.reference("shop", central.secret("shop", rsa()), {"certrotation:issuer": "inside"})

    assert "has both tags" in finding(estate.run())["found"]


def test_a_source_that_is_a_reference_itself_is_refused_with_the_arn_to_name_instead(
    estate: Estate, central: Central
) -> None:
    further = f"arn:aws:secretsmanager:{HOME}:999988887777:secret:shared/shop-AbCdEf"
    estate.reference("shop", central.secret("shop", None, {"certrotation:source": further}))

    found = finding(estate.run())

    assert found["code"] == "SOURCE_MALFORMED"
    assert found["remedy"].startswith(f"Name {further} in the tag")


def test_a_message_that_names_a_source_instead_of_a_reference_imports_nothing(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    """The role may describe the source, and its name may begin with the deployment's prefix."""
    estate.environment["CERTROTATION_SECRET_PREFIX"] = "shared/"
    source = central.secret("shop", rsa())

    with estate.listening() as run:
        run_rotate(record_of(json.dumps({"secret": source})))

    assert run.rotations[-1]["error"].startswith("SECRET_NOT_MANAGED")
    assert estate.certificates(HOME) == []


@pytest.mark.parametrize("by", ["name", "ARN"])
def test_the_account_of_the_sources_rotates_its_own_secrets_under_the_setting_of_all_accounts(
    estate: Estate, rsa: Callable[[], Issued], by: str
) -> None:
    """One StackSet gives every account the same patterns, the account of the sources too."""
    own = f"arn:aws:secretsmanager:{HOME}:{SPOKE}:secret:{SHOP}"
    estate.environment["CERTROTATION_SOURCE_SECRETS"] = f"{own}*"
    material = rsa()
    estate.secret("shop", material)
    arn = client("secretsmanager", HOME).describe_secret(SecretId=SHOP)["ARN"]

    with estate.listening() as run:
        run_rotate(record_of(json.dumps({"secret": SHOP if by == "name" else arn})))

    assert run.rotation(SHOP)["status"] == "done"
    assert estate.presents(only_copy(estate, HOME)) == material.certificate
    assert estate.scan().scans[0]["queued"] == []


def test_the_tags_of_a_source_are_not_trusted(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    tags = {"certrotation:hold": "", "certrotation:regions": US, "team": "theirs"}
    estate.reference("shop", central.secret("shop", rsa(), tags), {"team": "ours"})

    estate.run()

    assert estate.tags(only_copy(estate, HOME))["team"] == "ours"


def test_a_source_in_another_region_is_read_there(
    estate: Estate, rsa: Callable[[], Issued]
) -> None:
    central = Central(estate.aws, region="eu-central-1")
    estate.environment["CERTROTATION_SOURCE_SECRETS"] = central.sources
    material = rsa()
    estate.reference("shop", central.secret("shop", material))

    estate.run()

    assert estate.presents(only_copy(estate, HOME)) == material.certificate


def test_an_event_that_names_a_version_which_the_source_does_not_show_yet_waits_a_minute(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    estate.reference("shop", central.secret("shop", rsa()))
    version = "11111111-1111-1111-1111-111111111111"

    waits = estate.rotate("shop", version=version)
    with estate.listening() as run:
        estate.receive("shop", 2, version=version)

    assert waits.rotation(SHOP)["status"] == "failed"
    assert run.rotation(SHOP)["status"] == "done", "the version may have been replaced long ago"


def announce(estate: Estate, message: object) -> dict[str, object]:
    """Deliver a message of the central topic as SNS does."""
    with estate.listening():
        return run_rotate(record_of(notification(message)))


def notification(message: object) -> str:
    """Return the body of what SNS delivers to a queue (SNS Developer Guide, Fanout to queues)."""
    topic = f"arn:aws:sns:{HOME}:{CENTRAL}:certrotation-central"
    return json.dumps({"Type": "Notification", "TopicArn": topic, "Message": json.dumps(message)})


def test_a_message_of_the_central_topic_queues_every_reference_to_the_source_and_no_other(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    source = central.secret("shop", rsa())
    for name in ("shop", "shop-2", "shop-3"):
        estate.reference(name, source)
    estate.reference("wiki", central.secret("wiki", rsa()), {"note": source})
    estate.run()
    renewed = rsa()
    version = central.renew(source, renewed)

    answer = announce(estate, source_message(source, version))
    run = estate.drain()

    assert answer == {"batchItemFailures": []}
    assert sorted((each["secret"], each["status"]) for each in run.rotations) == [
        (f"certrotation/{name}", "done") for name in ("shop", "shop-2", "shop-3")
    ]
    assert {each["plan"]["version"] for each in run.rotations} == {version}


def test_a_message_about_a_source_that_nothing_refers_to_is_dropped(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    with estate.listening() as run:
        source = central.secret("shop", rsa())
        answer = run_rotate(record_of(notification(source_message(source, "1"))))

    assert answer == {"batchItemFailures": []}
    assert run.metrics == []
    assert [json.loads(line)["source"]["queued"] for line in run.lines] == [[]]
    assert estate.drain().rotations == []


def test_whoever_may_publish_to_the_topic_cannot_say_what_a_scan_has_seen(
    estate: Estate, central: Central, authorities: Authorities
) -> None:
    """Else a message of another account could have one secret's copy taken over by another."""
    del central
    for name, issued in {
        "shop": authorities.public.issue("shop.example.com", key=shared_key("rsa2048")),
        "all": authorities.public.issue("*.example.com", "shop.example.com"),
    }.items():
        estate.secret(name, issued, {"certrotation:regions": HOME})
        estate.run()
    tags = {each: estate.tags(each) for each in estate.certificates(HOME)}
    (shop,) = (each for each, has in tags.items() if has["certrotation:secret"] == SHOP)
    forged = {
        "arn": shop,
        "region": HOME,
        "in_use": True,
        "tags": {"certrotation:secret": "certrotation/all", "certrotation:version": "1"},
    }
    seen = {"at": int(time.time()), "copies": [forged], "lookalikes": []}

    with estate.listening() as run:
        run_rotate(record_of(notification({"secret": "certrotation/all", "seen": seen})))

    assert run.rotations[-1]["error"].startswith("MESSAGE_MALFORMED")
    assert {each: estate.tags(each) for each in estate.certificates(HOME)} == tags


NO_SOURCES = {
    "a pattern": f"arn:aws:secretsmanager:{HOME}:{CENTRAL}:secret:shared/*",
    "outside the setting": f"arn:aws:secretsmanager:{HOME}:{CENTRAL}:secret:private/shop-AbCdEf",
    "what no filter of ListSecrets takes": "<script>",
    "longer than a tag": (
        f"arn:aws:secretsmanager:{HOME}:{CENTRAL}:secret:shared/{'x' * 500}-AbCdEf"
    ),
}


@pytest.mark.parametrize("source", NO_SOURCES.values(), ids=NO_SOURCES)
def test_a_message_about_what_is_no_source_is_dropped_without_a_call(
    estate: Estate, central: Central, source: str
) -> None:
    """Whoever may publish to the topic of the central account writes the message."""
    del central

    answer = announce(estate, source_message(source, "1"))

    assert answer == {"batchItemFailures": []}
    assert estate.aws.calls_of("secretsmanager") == []


def test_a_message_about_a_source_comes_back_while_secrets_cannot_be_listed(
    estate: Estate, central: Central, rsa: Callable[[], Issued]
) -> None:
    source = central.secret("shop", rsa())
    estate.aws.behaviour.denied.add(("secretsmanager", "ListSecrets", None))

    answer = announce(estate, source_message(source, "1"))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}


def test_without_the_setting_a_message_about_a_source_is_malformed_like_any_other(
    estate: Estate,
) -> None:
    with estate.listening() as run:
        run_rotate(record_of(notification(source_message("arn", "1"))))

    assert run.rotations[-1]["error"].startswith("MESSAGE_MALFORMED")


def test_a_superseded_copy_is_kept_while_the_source_cannot_be_described(
    estate: Estate, central: Central, rsa: Callable[[], Issued], authorities: Authorities
) -> None:
    source = central.secret("shop", rsa())
    estate.reference("shop", source, {"certrotation:regions": HOME})
    estate.environment["CERTROTATION_RETENTION_DAYS"] = "0.00001"
    estate.run()
    old = only_copy(estate, HOME)
    central.renew(source, authorities.public.issue("shop.example.com"))
    estate.run()
    client("acm", HOME).add_tags_to_certificate(
        CertificateArn=old, Tags=[{"Key": "certrotation:superseded-at", "Value": "1"}]
    )
    central.unshare(source, "CertrotationDescribes")
    estate.scan()
    assert old in estate.certificates(HOME)

    central.share(source)
    estate.scan()
    assert old not in estate.certificates(HOME)
