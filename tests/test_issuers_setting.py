"""The setting `issuers`: how it is read, and how mistakes are named."""

from typing import Any

import pytest

from certrotation.names.issuers import AcmeIssuer, PrivateCaIssuer, parse_issuers

ALLOW = {"certrotation/shop*": ["shop.example.com", "*.shop.example.com"]}
LETSENCRYPT = {
    "kind": "acme",
    "directory": "https://acme-v02.api.letsencrypt.org/directory",
    "allow": ALLOW,
}


def test_an_issuer_with_all_members_is_read() -> None:
    given = {
        **LETSENCRYPT,
        "contact": "certificates@example.com",
        "profile": "tlsserver",
        "zones": ["Z1", "Z2", "Z1"],
        "aliases": {"shop.example.com": "_acme-challenge.shop.dns.example.net"},
        "dns_role": "arn:aws:iam::123456789012:role/dns",
        "preferred_chain": "ISRG Root X1",
        "ca_file": "ca.pem",
    }
    assert parse_issuers({"letsencrypt": given}) == (
        AcmeIssuer(
            name="letsencrypt",
            directory="https://acme-v02.api.letsencrypt.org/directory",
            allow=(("certrotation/shop*", ("shop.example.com", "*.shop.example.com")),),
            contact="certificates@example.com",
            profile="tlsserver",
            zones=("Z1", "Z2"),
            aliases=(("shop.example.com", "_acme-challenge.shop.dns.example.net"),),
            dns_role="arn:aws:iam::123456789012:role/dns",
            preferred_chain="ISRG Root X1",
            ca_file="ca.pem",
        ),
    )


ARN = (
    "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/"
    "11111111-2222-3333-4444-555555555555"
)
INSIDE = {"kind": "pca", "arn": ARN, "allow": ALLOW}


def test_a_private_ca_is_read() -> None:
    template = "EndEntityCertificate/V1"
    given = {"inside": {**INSIDE, "template": template, "days": 90}, "plain": INSIDE}
    allow = (("certrotation/shop*", ("shop.example.com", "*.shop.example.com")),)
    inside, plain = parse_issuers(given)
    assert inside == PrivateCaIssuer(
        name="inside", arn=ARN, allow=allow, template=template, days=90
    )
    assert plain == PrivateCaIssuer(
        name="plain", arn=ARN, allow=allow, template="EndEntityServerAuthCertificate/V1", days=30
    )
    assert plain.allowed("certrotation/shop") == {"shop.example.com", "*.shop.example.com"}
    assert plain.allowed("certrotation/blog") == set()


def test_region_and_template_of_a_private_ca_are_those_of_its_arn() -> None:
    china = ARN.replace("arn:aws:acm-pca:eu-west-1", "arn:aws-cn:acm-pca:cn-north-1")
    (issuer,) = parse_issuers({"inside": {**INSIDE, "arn": china}})
    assert isinstance(issuer, PrivateCaIssuer)
    assert issuer.region == "cn-north-1"
    assert issuer.template_arn == (
        "arn:aws-cn:acm-pca:::template/EndEntityServerAuthCertificate/V1"
    )


@pytest.mark.parametrize(
    "template",
    [
        "EndEntityCertificate/V1",
        "EndEntityCertificate_CSRPassthrough/V1",
        "EndEntityServerAuthCertificate_APICSRPassthrough/V1",
        "BlankEndEntityCertificate_APICSRPassthrough/V1",
        "BlankEndEntityCertificate_CriticalBasicConstraints_CSRPassthrough/V1",
    ],
)
def test_templates_for_servers_are_taken(template: str) -> None:
    assert parse_issuers({"a": {**INSIDE, "template": template}})


def test_what_is_left_out_is_none() -> None:
    (issuer,) = parse_issuers({"a": {**LETSENCRYPT, "contact": None}})
    assert isinstance(issuer, AcmeIssuer)
    assert (issuer.contact, issuer.profile, issuer.zones, issuer.dns_role) == (None, None, (), None)


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("certrotation/shop", {"a.example", "b.example"}),
        ("certrotation/shop/eu", {"a.example"}),
        ("certrotation/shopXeu", {"a.example"}),
        ("certrotation/Shop", set()),
        ("x/certrotation/shop", set()),
        ("certrotation/blog.1", {"c.example"}),
        ("certrotation/blogx1", set()),
    ],
)
def test_a_secret_gets_the_names_of_all_patterns_that_fit_it(
    secret: str, expected: set[str]
) -> None:
    allow = {
        "certrotation/shop*": ["a.example"],
        "certrotation/shop": ["b.example"],
        "certrotation/blog.1": ["c.example"],
    }
    (issuer,) = parse_issuers({"a": {**LETSENCRYPT, "allow": allow}})
    assert issuer.allowed(secret) == expected


def broken(**members: object) -> dict[str, Any]:
    return {"a": {**LETSENCRYPT, **members}}


def private(**members: object) -> dict[str, Any]:
    return {"a": {**INSIDE, **members}}


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ([], "must be an object of one or more issuers"),
        ({}, "must be an object of one or more issuers"),
        ({"A": LETSENCRYPT}, "contains the issuer 'A'"),
        ({"a": "acme"}, "contains a, which must be an object"),
        (broken(kind="pki"), "contains a of the kind 'pki'; the kind is acme or pca"),
        (broken(arn=ARN), "contains a of the kind acme with members of the kind pca: arn"),
        (
            private(zones=["Z1"], contact="a@b.example"),
            "contains a of the kind pca with members of the kind acme: contact, zones",
        ),
        (private(lifetime=1), "contains a with unknown members: lifetime"),
        (private(arn=None), "contains a without arn"),
        (private(arn=f"{ARN}/certificate/1"), "contains a without arn"),
        (private(template="RootCACertificate/V1"), "the template 'RootCACertificate/V1', which"),
        (private(template="EndEntityClientAuthCertificate/V1"), "which is not a template for"),
        (private(template=1), "contains a with the template 1"),
        (private(days=0), "contains a with days 0, which is not a whole number from 1 to 3650"),
        (private(days="30"), "contains a with days '30'"),
        (private(days=True), "contains a with days True"),
        (private(days=3651), "contains a with days 3651"),
        (private(allow=None), "contains a without allow"),
        (broken(zone=["Z1"]), "contains a with unknown members: zone"),
        (broken(directory="http://ca.example/directory"), "contains a without a directory"),
        (broken(directory=None), "contains a without a directory"),
        (broken(contact="nobody"), "contains a with the contact 'nobody', which is not a mail"),
        (broken(contact=1), "contains a with the contact 1"),
        (broken(zones="Z1"), "contains a with zones that are not"),
        (broken(zones=["/hostedzone/Z1"]), "contains a with zones that are not"),
        (broken(aliases=["a.example"]), "whose aliases are not a map from host names to names"),
        (broken(aliases={"*.a.example": "_acme-challenge.b.example"}), "'*.a.example', which is"),
        (broken(aliases={"a.example": "b.example"}), "begins with _acme-challenge."),
        (broken(aliases={"a.example": "_acme-challenge.B.example"}), "begins with _acme-challenge"),
        (broken(aliases={"a.example": None}), "None for a.example"),
        (broken(dns_role="dns"), "which is not the ARN of an IAM role"),
        (broken(allow=None), "contains a without allow"),
        (broken(allow={}), "contains a without allow"),
        (broken(allow={"": ["a.example"]}), "which is not a pattern of secret names"),
        (broken(allow={"shop*": []}), "no list of host names for shop*"),
        (broken(allow={"shop*": "a.example"}), "no list of host names for shop*"),
        (broken(allow={"shop*": ["*"]}), "'*', which is not a host name"),
        (broken(allow={"shop*": ["A.example"]}), "'A.example', which is not a host name"),
    ],
)
def test_a_mistake_is_named(document: object, found: str) -> None:
    with pytest.raises(ValueError, match=r"contain|must") as caught:
        parse_issuers(document)
    assert found in str(caught.value)


def test_a_server_on_this_machine_needs_no_https() -> None:
    (issuer,) = parse_issuers(broken(directory="http://127.0.0.1:8080/directory"))
    assert isinstance(issuer, AcmeIssuer)
    assert issuer.directory == "http://127.0.0.1:8080/directory"
