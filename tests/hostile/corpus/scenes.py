"""Secrets that are judged against what is live: names, trust, expiry, keys, and who presents it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.hostile.corpus.judging import Judgement, account_at_noon, compare, findings_of
from tests.hostile.corpus.leaks import leaks, pieces_of
from tests.hostile.corpus.material import (
    DAY,
    FOREIGN_CA,
    FOREIGN_ROOT,
    NAMES,
    NOW,
    OTHER_PUBLIC_CA,
    PRIVATE_CA,
    PRIVATE_ROOT,
    PUBLIC_CA,
    PUBLIC_ROOT,
    SECOND,
    STAGING_CA,
    STAGING_ROOT,
    leaf,
    root,
    self_signed,
    under,
)
from tests.hostile.corpus.row import Outcome, fields, live, refused, repaired, warned
from tests.simulation.estate import PREFIX, Estate, client, fields_of
from tests.support.authority import CLIENT_AUTH, SERVER_AUTH, Issued, shared_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.hostile.corpus.row import Verdict
    from tests.support.authority import Authority

REGION = "us-east-1"
"""The one Region of these accounts: CloudFront takes certificates from nowhere else."""
SHOP = PREFIX + "shop"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A certificate that is live, its dependents, and what the secret holds next."""

    name: str
    before: Issued | None
    after: Issued | Mapping[str, str]
    expected: Verdict
    build: Callable[[Estate, str], object] = field(default=lambda _estate, _arn: None)
    accept: str = ""
    """With @V for the version's id."""
    tags: Mapping[str, str] = field(default_factory=dict)


def judge_scene(scene: Scene) -> Judgement:
    """Let the real handlers put the first certificate live, then meet the second."""
    judgement = Judgement(name=scene.name, expected=scene.expected, subject=scene.name)
    try:
        with account_at_noon(REGION) as estate:
            _judge(estate, scene, judgement)
    except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
        judgement.crashes.append(repr(error))
    return judgement


def _judge(estate: Estate, scene: Scene, judgement: Judgement) -> None:
    arn = ""
    if scene.before is not None:
        estate.secret("shop", scene.before)
        estate.run()
        (arn,) = estate.certificates(REGION)
        scene.build(estate, arn)
        version = estate.renew("shop", scene.after)
    else:
        scene.build(estate, arn)
        version = estate.secret("shop", scene.after)
    if scene.accept:
        estate.tag_secret("shop", accept=scene.accept.replace("@V", f"@{version}"))
    if scene.tags:
        estate.tag_secret("shop", **scene.tags)
    estate.aws.calls.clear()
    run = estate.run()
    outcome = run.rotation(SHOP)
    judgement.wrong = compare(scene.expected, findings_of(outcome))
    imported = any(each.operation == "ImportCertificate" for each in estate.aws.calls)
    if scene.expected.outcome is Outcome.REFUSED:
        judgement.wrong += ["went live"] if imported else []
        judgement.wrong += [] if outcome["status"] == "refused" else [f"ended {outcome['status']}"]
    elif not _is_live(estate, scene):
        judgement.wrong.append(f"did not go live: {outcome['status']}, {outcome.get('error')}")
    secrets = pieces_of(fields(**fields_of(scene.after)))
    judgement.leaks = leaks("\n".join(run.lines), secrets)


def _is_live(estate: Estate, scene: Scene) -> bool:
    wanted = fields_of(scene.after)["certificate"]
    return any(
        client("acm", REGION).get_certificate(CertificateArn=arn)["Certificate"].split()
        == wanted.split()
        for arn in estate.certificates(REGION)
    )


def scenes() -> list[Scene]:
    """Return all scenes."""
    return [*_names(), *_trust(), *_expiry(), *_usages(), *_dependents(), *_accepted(), *_tags()]


def _scene(name: str, before: Issued | None, after: Any, expected: Verdict, **more: Any) -> Scene:
    return Scene(name=name, before=before, after=after, expected=expected, **more)


def _lost(name: str) -> Verdict:
    return refused("NAMES_LOST", says=name)


def _names() -> list[Scene]:
    old, wild = leaf(), leaf("*.example.com")
    here = "shop.example.com"
    return [
        _scene("renewed with the same names", old, leaf(), live()),
        _scene("renewed with a name more", old, leaf(*NAMES, "pay.example.com"), live()),
        _scene("renewed without a name", old, leaf(here), _lost("www.shop.example.com")),
        _scene(
            "renewed for another site", old, leaf("blog.example.com"), _lost("shop.example.com")
        ),
        _scene("a wildcard now covers the name", leaf(here), leaf("*.example.com"), live()),
        _scene(
            "a wildcard covers no name two labels down",
            leaf("a.b.example.com"),
            leaf("*.example.com"),
            _lost("a.b.example.com"),
        ),
        _scene(
            "a wildcard does not cover its apex",
            leaf("example.com"),
            leaf("*.example.com"),
            _lost("example.com"),
        ),
        _scene(
            "single names cover no wildcard",
            wild,
            leaf(here, "www.example.com"),
            _lost("*.example.com"),
        ),
        _scene(
            "a wildcard a level up covers no wildcard",
            leaf("*.a.example.com"),
            leaf("*.example.com"),
            _lost("*.a.example.com"),
        ),
        _scene("the names in upper case", old, leaf(*(each.upper() for each in NAMES)), live()),
        _scene(
            "upper-case names renewed in lower case",
            leaf(*(each.upper() for each in NAMES)),
            leaf(),
            live(),
        ),
        _scene(
            "an internationalised name in capitals",
            leaf("xn--bcher-kva.example"),
            leaf("XN--BCHER-KVA.EXAMPLE"),
            live(),
        ),
        _scene(
            "an internationalised name lost to its look-alike",
            leaf("xn--bcher-kva.example"),
            leaf("bucher.example"),
            _lost("xn--bcher-kva.example"),
        ),
        _scene("an address lost", leaf(here, "192.0.2.7"), leaf(here), _lost("192.0.2.7")),
        _scene(
            "another address", leaf(here, "192.0.2.7"), leaf(here, "192.0.2.8"), _lost("192.0.2.7")
        ),
        _scene(
            "a name only in the CN is renewed as alternative name",
            leaf(common_name=here, extended=None),
            leaf(),
            live(),
        ),
        _scene(
            "alternative names are lost, the CN stays",
            old,
            leaf("blog.example.com", common_name=here),
            _lost("shop.example.com"),
        ),
        _scene(
            "a name lost, accepted for this version",
            old,
            leaf(here),
            warned("NAMES_LOST"),
            accept="NAMES_LOST@V",
        ),
        _scene(
            "a name lost, accepted for another version",
            old,
            leaf(here),
            _lost("www.shop.example.com"),
            accept="NAMES_LOST@11111111",
        ),
        _scene(
            "a name lost, accepted for ever, which cannot be",
            old,
            leaf(here),
            _lost("www.shop.example.com"),
            accept="NAMES_LOST",
        ),
    ]


def _with_root(issued: Issued, *above: Authority) -> Issued:
    chain = tuple(each.certificate for each in above)
    return Issued(certificate=issued.certificate, key=issued.key, chain=chain)


def _private(ca: Authority = PRIVATE_CA, above: Authority = PRIVATE_ROOT, **more: Any) -> Issued:
    return _with_root(leaf(ca=ca, **more), ca, above)


def _trust() -> list[Scene]:
    public, private = leaf(), _private()
    namesake = _again("Example Corp Root")
    namesake_ca = under(namesake, "Example Corp CA 1", key=shared_key("p256", "namesake's"))
    renewed = root("Example Corp Root", not_before=NOW - DAY)
    renewed_ca = under(renewed, "Example Corp CA 2")
    return [
        _scene(
            "a staging CA's certificate",
            public,
            leaf(ca=STAGING_CA),
            _untrusted("public root CN=Example Public Root"),
        ),
        _scene(
            "a staging CA's certificate with its root",
            public,
            _private(STAGING_CA, STAGING_ROOT),
            refused("TRUST_LOST", says="STAGING"),
        ),
        _scene(
            "a private CA's in place of a public one's",
            public,
            private,
            refused("TRUST_LOST", says="Example Corp Root"),
        ),
        _scene(
            "a foreign private CA's",
            private,
            _private(FOREIGN_CA, FOREIGN_ROOT),
            refused("TRUST_LOST", says="Stranger Corp Root"),
        ),
        _scene(
            "a public CA's in place of a private one's",
            private,
            public,
            warned("TRUST_CHANGED"),
        ),
        _scene("another public CA's", public, leaf(ca=OTHER_PUBLIC_CA), live()),
        _scene("the same private CA's", private, _private(), live()),
        _scene(
            "another intermediate under the same private root",
            private,
            _private(under(PRIVATE_ROOT, "Example Corp CA 2")),
            live(),
        ),
        _scene(
            "a private root of the same name, another key",
            private,
            _private(namesake_ca, namesake),
            refused("TRUST_LOST", says="Example Corp Root"),
        ),
        _scene(
            "a private root renewed under its key", private, _private(renewed_ca, renewed), live()
        ),
        _scene(
            "a private CA, the root left out this time",
            private,
            leaf(ca=PRIVATE_CA),
            warned("CHAIN_INCOMPLETE"),
        ),
        _scene("a private CA, the root left out last time", leaf(ca=PRIVATE_CA), private, live()),
        _scene(
            "trust lost, accepted for this version",
            public,
            private,
            warned("TRUST_LOST"),
            accept="TRUST_LOST@V",
        ),
        _scene(
            "trust lost, accepted for ever, which cannot be",
            public,
            private,
            refused("TRUST_LOST", says="Example Corp Root"),
            accept="TRUST_LOST",
        ),
        _scene(
            "a new secret of a staging CA: nothing is lost",
            None,
            _private(STAGING_CA, STAGING_ROOT),
            live(),
        ),
    ]


def _again(name: str) -> Authority:
    """Make a root of this name with another key."""
    return type(PRIVATE_ROOT).root(
        name, key=shared_key("p256", f"{name} again"), not_before=NOW - DAY
    )


def _untrusted(says: str) -> Verdict:
    return refused("TRUST_LOST", says=says)


def _expiry() -> list[Scene]:
    """A lifetime of 100 days: the warning window is 20 days, the critical one 10."""
    longer = leaf(lifetime=90 * DAY)

    def left(remaining: Any) -> Issued:
        return leaf(not_before=NOW + remaining - 100 * DAY, not_after=NOW + remaining)

    soon = refused("EXPIRES_SOON", says="inside its critical window")
    return [
        _scene(
            "it expires sooner than the live one", longer, left(60 * DAY), warned("EXPIRES_SOONER")
        ),
        _scene(
            "it expires a second sooner",
            leaf(not_after=NOW + 60 * DAY),
            leaf(not_after=NOW + 60 * DAY - SECOND),
            warned("EXPIRES_SOONER"),
        ),
        _scene(
            "it expires in the same second",
            leaf(not_after=NOW + 60 * DAY),
            leaf(not_after=NOW + 60 * DAY),
            live(),
        ),
        _scene(
            "a second before its critical window, live is later",
            longer,
            left(10 * DAY + SECOND),
            warned("EXPIRES_SOONER"),
        ),
        _scene("its critical window opens now, live is later", longer, left(10 * DAY), soon),
        _scene("deep in its critical window, live is later", longer, left(DAY), soon),
        _scene(
            "in its critical window, still the better one",
            leaf(not_after=NOW + DAY),
            left(9 * DAY),
            warned("EXPIRES_SOON"),
        ),
        _scene(
            "in its critical window, nothing is live", None, left(9 * DAY), warned("EXPIRES_SOON")
        ),
        _scene(
            "it expires soon, accepted for this version",
            longer,
            left(9 * DAY),
            warned("EXPIRES_SOON"),
            accept="EXPIRES_SOON@V",
        ),
        _scene(
            "expired, which cannot be accepted",
            longer,
            left(-DAY),
            refused("EXPIRED", says="expired on"),
            accept="EXPIRED@V",
        ),
    ]


def _usages() -> list[Scene]:
    """ACM User Guide, Reimport a certificate: what in place is not allowed is imported anew."""
    rsa = leaf(key="rsa2048")
    many = leaf(
        key="rsa2048", usages=("digital_signature", "key_encipherment", "data_encipherment")
    )
    return [
        _scene(
            "key encipherment left out of an elliptic one",
            leaf(),
            leaf(usages=("digital_signature",)),
            live(),
        ),
        _scene("a key usage left out of an RSA one", many, rsa, live()),
        _scene("the key usages left out altogether", rsa, leaf(key="rsa2048", usages=None), live()),
        _scene("clientAuth left out", leaf(extended=(SERVER_AUTH, CLIENT_AUTH)), leaf(), live()),
        _scene("the extended key usages left out altogether", leaf(), leaf(extended=None), live()),
        _scene(
            "serverAuth left out",
            leaf(),
            leaf(extended=(CLIENT_AUTH,)),
            refused("SERVER_AUTH_MISSING", says="serverAuth"),
        ),
    ]


def _listener(kind: str = "application", **tags: str) -> Callable[[Estate, str], object]:
    return lambda estate, arn: estate.listener("web", REGION, arn, kind=kind, tags=tags or None)


def _edge(estate: Estate, arn: str) -> object:
    return estate.distribution(arn, *NAMES)


def _dependents() -> list[Scene]:
    """Elastic Load Balancing and CloudFront take other keys than ACM imports."""
    rsa = leaf(key="rsa2048")
    deep = PUBLIC_CA
    for number in range(2, 7):
        deep = under(deep, f"Example Public CA {number}")
    unsupported = "DEPENDENT_KEY_UNSUPPORTED"
    cloudformation = {"aws:cloudformation:stack-name": "web"}
    kubernetes = {"elbv2.k8s.aws/cluster": "prod"}
    unmovable = refused("DEPENDENT_UNMOVABLE", says="web")
    return [
        _scene(
            "RSA-4096 on an NLB",
            rsa,
            leaf(key="rsa4096"),
            refused(unsupported, says="RSA_4096"),
            build=_listener("network"),
        ),
        _scene("RSA-3072 on an NLB", rsa, leaf(key="rsa3072"), live(), build=_listener("network")),
        _scene("P-384 on an NLB", rsa, leaf(key="p384"), live(), build=_listener("network")),
        _scene("RSA-4096 on an ALB", rsa, leaf(key="rsa4096"), live(), build=_listener()),
        _scene("P-521 on an ALB", rsa, leaf(key="p521"), live(), build=_listener()),
        _scene(
            "P-384 on CloudFront",
            rsa,
            leaf(key="p384"),
            refused(unsupported, says="EC_secp384r1"),
            build=_edge,
        ),
        _scene(
            "P-521 on CloudFront",
            rsa,
            leaf(key="p521"),
            refused(unsupported, says="EC_secp521r1"),
            build=_edge,
        ),
        _scene("P-256 on CloudFront", rsa, leaf(), live(), build=_edge),
        _scene("RSA-4096 on CloudFront", rsa, leaf(key="rsa4096"), live(), build=_edge),
        _scene(
            "six intermediates on CloudFront",
            leaf(),
            leaf(ca=deep),
            refused("CHAIN_TOO_LONG", says="5"),
            build=_edge,
        ),
        _scene("six intermediates on an ALB", leaf(), leaf(ca=deep), live(), build=_listener()),
        _scene(
            "a name lost that a distribution answers for",
            leaf(),
            leaf(NAMES[0]),
            refused("NAMES_LOST", says=NAMES[1]),
            build=_edge,
        ),
        _scene(
            "the same, accepted, but not by the distribution",
            leaf(),
            leaf(NAMES[0]),
            refused("DEPENDENT_NAME_UNCOVERED", says=NAMES[1]),
            build=_edge,
            accept="NAMES_LOST@V",
        ),
        _scene(
            "an address alone on an ALB",
            leaf("192.0.2.7", NAMES[0]),
            leaf("192.0.2.7"),
            refused("NAMES_LOST", says=NAMES[0]),
            build=_listener(),
        ),
        _scene(
            "another key on an ALB of Kubernetes",
            rsa,
            leaf(),
            unmovable,
            build=_listener(**kubernetes),
        ),
        _scene(
            "the same key on an ALB of Kubernetes",
            rsa,
            leaf(key="rsa2048"),
            live(),
            build=_listener(**kubernetes),
        ),
        _scene(
            "another key on an ALB of CloudFormation",
            rsa,
            leaf(),
            warned("DEPENDENT_DRIFTS"),
            build=_listener(**cloudformation),
        ),
    ]


def _accepted() -> list[Scene]:
    bare = {name: each for name, each in fields_of(leaf()).items() if name != "chain"}
    good = fields_of(leaf())
    return [
        _scene(
            "RSA 1,024, accepted", None, leaf(key="rsa1024"), warned("KEY_WEAK"), accept="KEY_WEAK"
        ),
        _scene(
            "signed by itself, accepted",
            None,
            self_signed("shop.example.com"),
            warned("SELF_SIGNED"),
            accept="SELF_SIGNED",
        ),
        _scene(
            "no serverAuth, accepted",
            None,
            leaf(extended=(CLIENT_AUTH,)),
            warned("SERVER_AUTH_MISSING"),
            accept="SERVER_AUTH_MISSING",
        ),
        _scene(
            "no chain, accepted", None, bare, warned("CHAIN_INCOMPLETE"), accept="CHAIN_INCOMPLETE"
        ),
        _scene(
            "the wrong thing accepted",
            None,
            leaf(key="rsa1024"),
            refused("KEY_WEAK", says="1024"),
            accept="SELF_SIGNED",
        ),
        _scene(
            "accepted in lower case",
            None,
            leaf(key="rsa1024"),
            refused("KEY_WEAK", says="1024"),
            accept="key_weak",
        ),
        _scene(
            "a wrong key, which cannot be accepted",
            None,
            good | {"private_key": leaf(key="p384").key_pem()},
            refused("KEY_MISMATCH", says="CN=shop.example.com"),
            accept="KEY_MISMATCH",
        ),
        _scene(
            "a CA's certificate, which cannot be accepted",
            None,
            leaf(is_ca=True),
            refused("LEAF_IS_CA", says="CN=shop.example.com"),
            accept="LEAF_IS_CA",
        ),
        _scene(
            "nothing to accept", None, leaf(), warned("ACCEPT_WITHOUT_EFFECT"), accept="KEY_WEAK"
        ),
        _scene(
            "a repair and an acceptance without effect",
            None,
            leaf(),
            warned("ACCEPT_WITHOUT_EFFECT"),
            accept="CHAIN_MISORDERED",
        ),
    ]


def _tags() -> list[Scene]:
    def two_alike(estate: Estate, _: str) -> None:
        for _number in range(2):
            estate.certificate(leaf(), REGION)

    def one_alike(estate: Estate, _: str) -> None:
        estate.certificate(leaf(), REGION)

    return [
        _scene(
            "a Region that the stack does not have",
            None,
            leaf(),
            refused("REGION_UNKNOWN", says="mars-north-1"),
            tags={"regions": "mars-north-1"},
        ),
        _scene(
            "two certificates that could be meant",
            None,
            leaf(),
            refused("ADOPTION_AMBIGUOUS", says="acm"),
            build=two_alike,
        ),
        _scene("one certificate that is meant", None, leaf(), live(), build=one_alike),
        _scene(
            "a repaired chain replaces the good one",
            leaf(),
            fields_of(leaf()) | {"chain": leaf().chain_pem * 2 + _public_root()},
            repaired("CHAIN_SUPERFLUOUS", chain=()),
        ),
    ]


def _public_root() -> str:
    return Issued(certificate=PUBLIC_ROOT.certificate, key=PUBLIC_ROOT.key).certificate_pem
