"""TXT records in Route 53: where they go, and that values of others stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from certrotation.aws.clients import made_on_first_use
from certrotation.aws.zones import Route53Zones, zones_client
from certrotation.core.issuance.note import Placement
from certrotation.errors import AccessDenied, CertRotationError, NotValidated, NotYet, Rejected
from certrotation.workflows.issuing_ports import TxtRecord

if TYPE_CHECKING:
    from tests.double import Call, EmbeddedAws

pytestmark = pytest.mark.slow

NAME = "_acme-challenge.example.com"


class NoWaiting:
    """Waits for nothing."""

    def __init__(self) -> None:
        self.waits = 0

    def wait(self, for_what: str, seconds: float) -> None:
        assert (for_what, seconds) == ("Route 53's servers take the change", 4.0)
        self.waits += 1


def route53() -> Any:
    return boto3.client("route53")


def zone(name: str, **more: Any) -> str:
    made = route53().create_hosted_zone(Name=name, CallerReference=name, **more)
    return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")


def create(identity: str, name: str, kind: str, *values: str, **more: Any) -> None:
    record = {
        "Name": name,
        "Type": kind,
        "TTL": 300,
        "ResourceRecords": [{"Value": each} for each in values],
        **more,
    }
    route53().change_resource_record_sets(
        HostedZoneId=identity,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
    )


def records(identity: str) -> dict[str, tuple[int, set[str]]]:
    found = route53().list_resource_record_sets(HostedZoneId=identity)["ResourceRecordSets"]
    return {
        each["Name"]: (each["TTL"], {record["Value"] for record in each["ResourceRecords"]})
        for each in found
        if each["Type"] == "TXT"
    }


def placed(*values: str, name: str = NAME) -> list[TxtRecord]:
    return [TxtRecord(name, each) for each in values]


def test_values_are_added_beside_others_and_taken_out_again(aws: EmbeddedAws) -> None:
    identity = zone("example.com")
    create(identity, NAME, "TXT", '"another tool"')
    zones, patience = Route53Zones(route53(), [identity]), NoWaiting()
    aws.dns_takes(2)

    places = zones.places_of(placed("a", "b"))
    for _ in range(2):
        zones.place(places, patience)

    assert records(identity) == {f"{NAME}.": (300, {'"another tool"', '"a"', '"b"'})}
    assert patience.waits == 2
    zones.remove(places[:1])
    assert records(identity) == {f"{NAME}.": (300, {'"another tool"', '"b"'})}
    zones.remove(places)
    zones.remove(places)
    assert records(identity) == {f"{NAME}.": (300, {'"another tool"'})}


def test_a_record_set_of_ones_own_lives_a_minute_and_goes_with_its_last_value(
    aws: EmbeddedAws,
) -> None:
    del aws
    identity = zone("example.com")
    zones = Route53Zones(route53(), [identity])
    places = zones.places_of(placed("a"))
    zones.place(places, NoWaiting())
    assert records(identity) == {f"{NAME}.": (60, {'"a"'})}
    zones.remove(places)
    assert records(identity) == {}


def test_another_orderer_who_is_faster_loses_nothing(aws: EmbeddedAws) -> None:
    identity = zone("example.com")
    other = iter(["theirs"])

    def interfere(call: Call) -> None:
        if call.operation == "ChangeResourceRecordSets":
            for value in other:
                with aws.unobserved():
                    create(identity, NAME, "TXT", f'"{value}"')

    zones = Route53Zones(route53(), [identity])
    places = zones.places_of(placed("ours"))
    with aws.before(interfere):
        zones.place(places, NoWaiting())
    assert records(identity)[f"{NAME}."][1] == {'"theirs"', '"ours"'}


def test_a_record_set_that_never_rests_is_left_for_a_later_attempt(aws: EmbeddedAws) -> None:
    identity = zone("example.com")
    zones = Route53Zones(route53(), [identity])
    places = zones.places_of(placed("ours"))

    def refuse(call: Call) -> None:
        if call.operation == "ChangeResourceRecordSets":
            raise aws.error("InvalidChangeBatch", call.operation, "it already exists")

    with aws.before(refuse), pytest.raises(NotYet, match="it already exists"):
        zones.place(places, NoWaiting())
    assert len(aws.calls_of("route53", "ChangeResourceRecordSets")) == 12


def test_the_longest_zone_is_taken_and_an_unknown_name_is_refused(aws: EmbeddedAws) -> None:
    del aws
    parent, child = zone("example.com"), zone("eu.example.com")
    zones = Route53Zones(route53(), [parent, child])
    name = "_acme-challenge.shop.eu.example.com"
    assert zones.places_of(placed("x", name=name)) == (Placement(child, f"{name}.", "x"),)
    with pytest.raises(NotValidated, match=r"the issuer has example\.com, eu\.example\.com"):
        zones.places_of(placed("x", name="_acme-challenge.myexample.com"))
    with pytest.raises(NotValidated, match="has no zone"):
        Route53Zones(route53(), []).places_of(placed("x"))


def test_an_alias_leads_to_a_name_that_the_role_may_change(aws: EmbeddedAws) -> None:
    del aws
    home, other = zone("example.com"), zone("dns.net")
    create(home, NAME, "CNAME", "_acme-challenge.target.dns.net.")
    create(home, "_acme-challenge.b.example.com", "CNAME", "free.dns.net")
    create(home, "_acme-challenge.c.example.com", "CNAME", "_acme-challenge.c.example.com")
    zones = Route53Zones(route53(), [home, other])
    assert zones.places_of(placed("x")) == (
        Placement(other, "_acme-challenge.target.dns.net.", "x"),
    )
    with pytest.raises(NotValidated, match=r"is an alias of free\.dns\.net"):
        zones.places_of(placed("x", name="_acme-challenge.b.example.com"))
    with pytest.raises(NotValidated, match="after 8 aliases"):
        zones.places_of(placed("x", name="_acme-challenge.c.example.com"))


def test_the_target_of_an_alias_in_another_dns_service_is_a_setting(aws: EmbeddedAws) -> None:
    """Nothing of the name's own zone is read: it is not in Route 53."""
    target = "_acme-challenge.shop.dns.net"
    aliases = {"shop.example.org": target, "www.example.org": target}
    ours = zone("dns.net")
    zones = Route53Zones(route53(), [ours], aliases)
    wanted = [
        TxtRecord(f"_acme-challenge.{host}", value)
        for host, value in (("shop.example.org", "a"), ("www.example.org", "b"))
    ]

    places = zones.places_of(wanted)
    zones.place(places, NoWaiting())

    assert {(each.zone, each.name) for each in places} == {(ours, f"{target}.")}
    assert records(ours) == {f"{target}.": (60, {'"a"', '"b"'})}, "both share the record set"
    zones.remove(places[:1])
    assert records(ours) == {f"{target}.": (60, {'"b"'})}
    with pytest.raises(NotValidated, match=r"has blog\.example\.org; the issuer has dns\.net"):
        zones.places_of(placed("x", name="blog.example.org"))
    assert aws.calls_of("route53")


def test_the_target_of_a_setting_may_be_an_alias_again(aws: EmbeddedAws) -> None:
    del aws
    ours = zone("dns.net")
    create(ours, "_acme-challenge.a.dns.net", "CNAME", "_acme-challenge.b.dns.net")
    zones = Route53Zones(route53(), [ours], {"example.org": "_acme-challenge.a.dns.net"})
    assert zones.places_of(placed("x", name="_acme-challenge.example.org")) == (
        Placement(ours, "_acme-challenge.b.dns.net.", "x"),
    )


def test_zones_that_are_private_or_gone_and_denials_are_said(aws: EmbeddedAws) -> None:
    vpc = boto3.client("ec2", "us-east-1").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    private = zone(
        "example.com",
        VPC={"VPCRegion": "us-east-1", "VPCId": vpc},
        HostedZoneConfig={"PrivateZone": True},
    )
    with pytest.raises(NotValidated, match="is private"):
        Route53Zones(route53(), [private]).places_of(placed("x"))
    with pytest.raises(NotValidated, match="NoSuchHostedZone"):
        Route53Zones(route53(), ["Z0"]).places_of(placed("x"))

    def deny(call: Call) -> None:
        raise aws.error("AccessDenied", call.operation, "not authorized")

    with aws.before(deny), pytest.raises(AccessDenied):
        Route53Zones(route53(), [private]).places_of(placed("x"))


def test_records_with_a_routing_policy_are_left_alone(aws: EmbeddedAws) -> None:
    del aws
    identity = zone("example.com")
    create(identity, NAME, "TXT", '"x"', SetIdentifier="a", Weight=1)
    zones = Route53Zones(route53(), [identity])
    with pytest.raises(Rejected, match="routing policy"):
        zones.place(zones.places_of(placed("ours")), NoWaiting())


# The zones of another account

DNS_ROLE = "arn:aws:iam::210987654321:role/dns"


def of_the_role(identity: str) -> Route53Zones:
    session = boto3.Session()
    client = made_on_first_use(lambda: zones_client(session, "eu-west-1", DNS_ROLE))
    return Route53Zones(client, (identity,))


def test_with_a_role_the_zones_are_those_of_the_roles_account(aws: EmbeddedAws) -> None:
    del aws
    client = zones_client(boto3.Session(), "eu-west-1", DNS_ROLE)
    made = client.create_hosted_zone(Name="example.com", CallerReference="theirs")
    identity = str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")

    (placement,) = of_the_role(identity).places_of([TxtRecord(NAME, "x")])

    assert (placement.zone, placement.name) == (identity, f"{NAME}.")
    with pytest.raises(NotValidated, match="NoSuchHostedZone"):
        Route53Zones(route53(), (identity,)).places_of([TxtRecord(NAME, "x")])


def test_a_role_that_must_not_be_assumed_is_told_with_the_remedy(aws: EmbeddedAws) -> None:
    def deny(call: Call) -> None:
        if call.operation == "AssumeRole":
            message = "not authorized to perform: sts:AssumeRole"
            raise aws.error("AccessDenied", "AssumeRole", message)

    with aws.before(deny), pytest.raises(AccessDenied) as caught:
        of_the_role("Z1").places_of([TxtRecord(NAME, "x")])

    assert (
        caught.value.remedy == "Allow the function's role to assume dns_role in its trust policy."
    )


def test_an_answer_of_sts_without_credentials_is_no_bug(aws: EmbeddedAws) -> None:
    def leave_out(_client: object, call: Call, answer: dict[str, Any]) -> None:
        if call.operation == "AssumeRole":
            del answer["Credentials"]

    with aws.changing(leave_out), pytest.raises(CertRotationError, match="Credentials"):
        of_the_role("Z1").places_of([TxtRecord(NAME, "x")])
