"""What an issuer is asked for, and who may ask for which names."""

from certrotation.core.estate.inventory import ManagedSecret
from certrotation.core.findings import Code, Finding
from certrotation.core.issuance.wish import Wish, check_allowed, issuer_of, wish_of
from certrotation.core.material.certificate_request import CertificateRequest
from certrotation.core.material.x509_facts import KeyAlgorithm
from certrotation.names.issuers import AcmeIssuer, PrivateCaIssuer
from tests.core.samples import ISSUING_CA, LEAF, RSA_LEAF

P256, RSA = KeyAlgorithm.EC_PRIME256V1, KeyAlgorithm.RSA_2048
ISSUER = AcmeIssuer(
    name="ca",
    directory="https://ca.example/directory",
    allow=(("certrotation/shop*", ("shop.example.com", "*.shop.example.com")),),
    profile="classic",
)
ISSUERS = {"ca": ISSUER, "other": ISSUER}


def secret(**tags: str) -> ManagedSecret:
    named = {f"certrotation:{key}": value for key, value in tags.items()}
    return ManagedSecret(
        name="certrotation/shop", arn="arn", current_version="v", last_changed=None, tags=named
    )


def refusal(result: object) -> tuple[Code, str]:
    assert isinstance(result, Finding)
    assert result.remedy
    return result.code, result.found


def test_the_tag_names_one_of_the_stacks_issuers() -> None:
    assert issuer_of(secret(issuer=" ca "), ISSUERS) is ISSUER
    assert refusal(issuer_of(secret(issuer="Ca"), ISSUERS)) == (
        Code.ISSUER_UNKNOWN,
        "The tag certrotation:issuer names Ca; the stack has ca, other.",
    )
    assert "names no issuer" in refusal(issuer_of(secret(issuer=""), ISSUERS))[1]


def test_a_reference_has_no_issuer() -> None:
    code, found = refusal(issuer_of(secret(issuer="ca", source="arn"), ISSUERS))
    assert code is Code.ISSUANCE_REFUSED
    assert found.endswith("has both tags certrotation:issuer and certrotation:source.")


def test_names_and_key_type_stay_those_of_the_current_certificate() -> None:
    assert wish_of(None, LEAF.certificate, ISSUER) == Wish(("www.example.com",), P256, "classic")
    assert wish_of(None, RSA_LEAF.certificate, ISSUER) == Wish(("rsa.example.com",), RSA, "classic")


def test_the_request_changes_them_and_starts_a_first_certificate() -> None:
    request = CertificateRequest(("a.example",), KeyAlgorithm.EC_SECP384R1, "tlsserver")
    wish = Wish(("a.example",), KeyAlgorithm.EC_SECP384R1, "tlsserver")
    assert wish_of(request, RSA_LEAF.certificate, ISSUER) == wish
    names_only = CertificateRequest(("a.example",))
    assert wish_of(names_only, RSA_LEAF.certificate, ISSUER) == Wish(("a.example",), RSA, "classic")
    assert wish_of(names_only, None, ISSUER) == Wish(("a.example",), P256, "classic")


def test_a_private_ca_has_no_profiles() -> None:
    inside = PrivateCaIssuer(name="inside", arn="arn", allow=ISSUER.allow)
    request = CertificateRequest(("a.example",))
    assert wish_of(request, None, inside) == Wish(("a.example",), P256, None)
    code, found = refusal(wish_of(request._replace(profile="tlsserver"), None, inside))
    assert code is Code.ISSUANCE_REFUSED
    assert found == "The request names the profile tlsserver; inside has no profiles."


def test_a_certificate_meets_the_wish_if_names_and_key_type_are_equal() -> None:
    names = ("www.example.com",)
    assert Wish(names, P256, "x").is_met_by(LEAF.certificate)
    assert not Wish((*names, "a.example"), P256, None).is_met_by(LEAF.certificate)
    assert not Wish(names, RSA, None).is_met_by(LEAF.certificate)


def test_what_no_ca_can_be_asked_for_is_refused() -> None:
    internal = ISSUING_CA.issue("localhost", "192.0.2.1", "a.example").certificate
    assert refusal(wish_of(None, internal, ISSUER)) == (
        Code.ISSUANCE_REFUSED,
        "No CA can be asked for these names: 192.0.2.1, localhost.",
    )
    assert refusal(wish_of(None, None, ISSUER))[1] == "No CA can be asked for 0 names."
    many = ISSUING_CA.issue(*(f"{number}.example" for number in range(101))).certificate
    assert refusal(wish_of(None, many, ISSUER))[1] == "No CA can be asked for 101 names."
    hosts = ISSUING_CA.issue(*(f"host{number}" for number in range(7))).certificate
    found = refusal(wish_of(None, hosts, ISSUER))[1]
    assert found.endswith("host0, host1, host2, host3, host4 and 2 more.")


def test_a_malformed_request_is_refused_in_its_own_words() -> None:
    result = wish_of("request is not a JSON object.", LEAF.certificate, ISSUER)
    assert refusal(result)[1] == "The secret's request is not a JSON object."


def wish(*names: str) -> Wish:
    return Wish(names, P256, None)


def test_a_team_that_tags_its_secret_gets_no_certificate_for_another_teams_name() -> None:
    for names in (
        ("shop.example.com",),
        ("*.shop.example.com", "shop.example.com"),
        ("eu.shop.example.com",),
    ):
        assert check_allowed("certrotation/shop", wish(*names), ISSUER) is None
    for names in (
        ("blog.example.com",),
        ("shop.example.com", "blog.example.com"),
        ("*.example.com",),
        ("a.b.shop.example.com",),
        ("*.eu.shop.example.com",),
    ):
        finding = check_allowed("certrotation/shop", wish(*names), ISSUER)
        code, found = refusal(finding)
        assert code is Code.ISSUANCE_REFUSED
        assert "The issuer ca does not allow" in found
    assert check_allowed("certrotation/blog", wish("shop.example.com"), ISSUER) is not None
