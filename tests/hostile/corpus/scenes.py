"""Secrets that are judged against what is live: names, trust, expiry, keys, and who presents it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography import x509

from tests.hostile.corpus.judge import Judgement, account_at_noon, compare, findings_of
from tests.hostile.corpus.leaks import leaks, pieces_of
from tests.hostile.corpus.material import (
    DAY,
    FOREIGN_CA,
    FOREIGN_ROOT,
    NAMES,
    NOW,
    OTHER_PUBLIC_CA,
    OTHER_PUBLIC_ROOT,
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
from tests.support.authority import CLIENT_AUTH, SERVER_AUTH, Issued, certify, shared_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.hostile.corpus.row import Verdict
    from tests.support.authority import Authority

REGION = "us-east-1"
"""The one Region of these accounts: CloudFront takes certificates from nowhere else."""
SHOP = PREFIX + "shop"


@dataclass(frozen=True)
class Change:
    """A certificate that is live or none, and what the secret holds next."""

    before: Issued | None
    after: Issued | Mapping[str, str]
    build: Callable[[Estate, str], object] = field(default=lambda _estate, _arn: None)
    """Makes the dependents."""
    accept: str = ""
    """With @V for the version's id."""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A change, and the verdict that it must get."""

    name: str
    change: Change
    expected: Verdict


def _table(verdicts: Mapping[Verdict, Mapping[str, Change]]) -> list[Scene]:
    return [
        Scene(name=name, change=change, expected=expected)
        for expected, changes in verdicts.items()
        for name, change in changes.items()
    ]


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
    change, arn = scene.change, ""
    if change.before is not None:
        estate.secret("shop", change.before)
        estate.run()
        (arn,) = estate.certificates(REGION)
        change.build(estate, arn)
        version = estate.renew("shop", change.after)
    else:
        change.build(estate, arn)
        version = estate.secret("shop", change.after)
    if change.accept:
        estate.tag_secret("shop", accept=change.accept.replace("@V", f"@{version}"))
    if change.tags:
        estate.tag_secret("shop", **change.tags)
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
    secrets = pieces_of(fields(**fields_of(change.after)))
    judgement.leaks = leaks("\n".join(run.lines), secrets)


def _is_live(estate: Estate, scene: Scene) -> bool:
    wanted = fields_of(scene.change.after)["certificate"]
    return any(
        client("acm", REGION).get_certificate(CertificateArn=arn)["Certificate"].split()
        == wanted.split()
        for arn in estate.certificates(REGION)
    )


def scenes() -> list[Scene]:
    """Return all scenes."""
    return [
        *_names(),
        *_trust(),
        *_expiry(),
        *_usages(),
        *_dependents(),
        *_accepted(),
        *_known(),
        *_tags(),
    ]


def _lost(name: str) -> Verdict:
    return refused("NAMES_LOST", says=name)


def _names() -> list[Scene]:
    old, wild = leaf(), leaf("*.example.com")
    here = "shop.example.com"
    return _table(
        {
            live(): {
                "renewed with the same names": Change(old, leaf()),
                "renewed with a name more": Change(old, leaf(*NAMES, "pay.example.com")),
                "a wildcard now covers the name": Change(leaf(here), leaf("*.example.com")),
                "the names in upper case": Change(old, leaf(*(each.upper() for each in NAMES))),
                "upper-case names renewed in lower case": Change(
                    leaf(*(each.upper() for each in NAMES)), leaf()
                ),
                "an internationalised name in capitals": Change(
                    leaf("xn--bcher-kva.example"), leaf("XN--BCHER-KVA.EXAMPLE")
                ),
                "a name only in the CN is renewed as alternative name": Change(
                    leaf(common_name=here, extended=None), leaf()
                ),
            },
            _lost("www.shop.example.com"): {
                "renewed without a name": Change(old, leaf(here)),
                "a name lost, accepted for another version": Change(
                    old, leaf(here), accept="NAMES_LOST@11111111"
                ),
                "a name lost, accepted for ever, which cannot be": Change(
                    old, leaf(here), accept="NAMES_LOST"
                ),
            },
            _lost("shop.example.com"): {
                "renewed for another site": Change(old, leaf("blog.example.com")),
                "alternative names are lost, the CN stays": Change(
                    old, leaf("blog.example.com", common_name=here)
                ),
            },
            _lost("a.b.example.com"): {
                "a wildcard covers no name two labels down": Change(
                    leaf("a.b.example.com"), leaf("*.example.com")
                )
            },
            _lost("example.com"): {
                "a wildcard does not cover its apex": Change(
                    leaf("example.com"), leaf("*.example.com")
                )
            },
            _lost("*.example.com"): {
                "single names cover no wildcard": Change(wild, leaf(here, "www.example.com"))
            },
            _lost("*.a.example.com"): {
                "a wildcard a level up covers no wildcard": Change(
                    leaf("*.a.example.com"), leaf("*.example.com")
                )
            },
            _lost("xn--bcher-kva.example"): {
                "an internationalised name lost to its look-alike": Change(
                    leaf("xn--bcher-kva.example"), leaf("bucher.example")
                )
            },
            _lost("192.0.2.7"): {
                "an address lost": Change(leaf(here, "192.0.2.7"), leaf(here)),
                "another address": Change(leaf(here, "192.0.2.7"), leaf(here, "192.0.2.8")),
            },
            warned("NAMES_LOST"): {
                "a name lost, accepted for this version": Change(
                    old, leaf(here), accept="NAMES_LOST@V"
                )
            },
        }
    )


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
    return _table(
        {
            _untrusted("public root CN=Example Public Root"): {
                "a staging CA's certificate": Change(public, leaf(ca=STAGING_CA))
            },
            refused("TRUST_LOST", says="STAGING"): {
                "a staging CA's certificate with its root": Change(
                    public, _private(STAGING_CA, STAGING_ROOT)
                )
            },
            refused("TRUST_LOST", says="Example Corp Root"): {
                "a private CA's in place of a public one's": Change(public, private),
                "a private root of the same name, another key": Change(
                    private, _private(namesake_ca, namesake)
                ),
                "trust lost, accepted for ever, which cannot be": Change(
                    public, private, accept="TRUST_LOST"
                ),
            },
            refused("TRUST_LOST", says="Stranger Corp Root"): {
                "a foreign private CA's": Change(private, _private(FOREIGN_CA, FOREIGN_ROOT))
            },
            warned("TRUST_CHANGED"): {
                "a public CA's in place of a private one's": Change(private, public)
            },
            live(): {
                "another public CA's": Change(public, leaf(ca=OTHER_PUBLIC_CA)),
                "the same private CA's": Change(private, _private()),
                "another intermediate under the same private root": Change(
                    private, _private(under(PRIVATE_ROOT, "Example Corp CA 2"))
                ),
                "a private root renewed under its key": Change(
                    private, _private(renewed_ca, renewed)
                ),
                "a private CA, the root left out last time": Change(leaf(ca=PRIVATE_CA), private),
                "a new secret of a staging CA: nothing is lost": Change(
                    None, _private(STAGING_CA, STAGING_ROOT)
                ),
            },
            warned("CHAIN_INCOMPLETE"): {
                "a private CA, the root left out this time": Change(private, leaf(ca=PRIVATE_CA))
            },
            warned("TRUST_LOST"): {
                "trust lost, accepted for this version": Change(
                    public, private, accept="TRUST_LOST@V"
                )
            },
        }
    )


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
    return _table(
        {
            warned("EXPIRES_SOONER"): {
                "it expires sooner than the live one": Change(longer, left(60 * DAY)),
                "it expires a second sooner": Change(
                    leaf(not_after=NOW + 60 * DAY), leaf(not_after=NOW + 60 * DAY - SECOND)
                ),
                "a second before its critical window, live is later": Change(
                    longer, left(10 * DAY + SECOND)
                ),
            },
            live(): {
                "it expires in the same second": Change(
                    leaf(not_after=NOW + 60 * DAY), leaf(not_after=NOW + 60 * DAY)
                )
            },
            soon: {
                "its critical window opens now, live is later": Change(longer, left(10 * DAY)),
                "deep in its critical window, live is later": Change(longer, left(DAY)),
            },
            warned("EXPIRES_SOON"): {
                "in its critical window, still the better one": Change(
                    leaf(not_after=NOW + DAY), left(9 * DAY)
                ),
                "in its critical window, nothing is live": Change(None, left(9 * DAY)),
                "it expires soon, accepted for this version": Change(
                    longer, left(9 * DAY), accept="EXPIRES_SOON@V"
                ),
            },
            refused("EXPIRED", says="expired on"): {
                "expired, which cannot be accepted": Change(longer, left(-DAY), accept="EXPIRED@V")
            },
        }
    )


def _usages() -> list[Scene]:
    """ACM User Guide, Reimport a certificate: what in place is not allowed is imported anew."""
    rsa = leaf(key="rsa2048")
    many = leaf(
        key="rsa2048", usages=("digital_signature", "key_encipherment", "data_encipherment")
    )
    return _table(
        {
            live(): {
                "key encipherment left out of an elliptic one": Change(
                    leaf(), leaf(usages=("digital_signature",))
                ),
                "a key usage left out of an RSA one": Change(many, rsa),
                "the key usages left out altogether": Change(rsa, leaf(key="rsa2048", usages=None)),
                "clientAuth left out": Change(leaf(extended=(SERVER_AUTH, CLIENT_AUTH)), leaf()),
                "the extended key usages left out altogether": Change(leaf(), leaf(extended=None)),
            },
            refused("SERVER_AUTH_MISSING", says="serverAuth"): {
                "serverAuth left out": Change(leaf(), leaf(extended=(CLIENT_AUTH,)))
            },
        }
    )


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
    fives = [PUBLIC_CA]
    for number in range(2, 6):
        fives.insert(0, under(fives[0], f"Example Public CA {number}"))
    five = fives[0]
    crossed = under(OTHER_PUBLIC_ROOT, "Example Public Root", key=PUBLIC_ROOT.key)
    unsupported = "DEPENDENT_KEY_UNSUPPORTED"
    cloudformation = {"aws:cloudformation:stack-name": "web"}
    kubernetes = {"elbv2.k8s.aws/cluster": "prod"}
    unmovable = refused("DEPENDENT_UNMOVABLE", says="web")
    return _table(
        {
            refused(unsupported, says="RSA_4096"): {
                "RSA-4096 on an NLB": Change(rsa, leaf(key="rsa4096"), build=_listener("network"))
            },
            live(): {
                "RSA-3072 on an NLB": Change(rsa, leaf(key="rsa3072"), build=_listener("network")),
                "P-384 on an NLB": Change(rsa, leaf(key="p384"), build=_listener("network")),
                "RSA-4096 on an ALB": Change(rsa, leaf(key="rsa4096"), build=_listener()),
                "P-521 on an ALB": Change(rsa, leaf(key="p521"), build=_listener()),
                "P-256 on CloudFront": Change(rsa, leaf(), build=_edge),
                "RSA-4096 on CloudFront": Change(rsa, leaf(key="rsa4096"), build=_edge),
                "six intermediates on an ALB": Change(leaf(), leaf(ca=deep), build=_listener()),
                "the same key on an ALB of Kubernetes": Change(
                    rsa, leaf(key="rsa2048"), build=_listener(**kubernetes)
                ),
            },
            refused(unsupported, says="EC_secp384r1"): {
                "P-384 on CloudFront": Change(rsa, leaf(key="p384"), build=_edge)
            },
            refused(unsupported, says="EC_secp521r1"): {
                "P-521 on CloudFront": Change(rsa, leaf(key="p521"), build=_edge)
            },
            refused("CHAIN_TOO_LONG", says="5"): {
                "six intermediates on CloudFront": Change(leaf(), leaf(ca=deep), build=_edge)
            },
            repaired("CHAIN_SUPERFLUOUS", chain=()): {
                "six on CloudFront, of which the highest only older clients need": Change(
                    leaf(), _with_root(leaf(ca=five), *fives, crossed), build=_edge
                )
            },
            refused("NAMES_LOST", says=NAMES[1]): {
                "a name lost that a distribution answers for": Change(
                    leaf(), leaf(NAMES[0]), build=_edge
                )
            },
            refused("DEPENDENT_NAME_UNCOVERED", says=NAMES[1]): {
                "the same, accepted, but not by the distribution": Change(
                    leaf(), leaf(NAMES[0]), build=_edge, accept="NAMES_LOST@V"
                )
            },
            refused("NAMES_LOST", says=NAMES[0]): {
                "an address alone on an ALB": Change(
                    leaf("192.0.2.7", NAMES[0]), leaf("192.0.2.7"), build=_listener()
                )
            },
            unmovable: {
                "another key on an ALB of Kubernetes": Change(
                    rsa, leaf(), build=_listener(**kubernetes)
                )
            },
            warned("DEPENDENT_DRIFTS"): {
                "another key on an ALB of CloudFormation": Change(
                    rsa, leaf(), build=_listener(**cloudformation)
                )
            },
        }
    )


def _accepted() -> list[Scene]:
    bare = {name: each for name, each in fields_of(leaf()).items() if name != "chain"}
    good = fields_of(leaf())
    return _table(
        {
            warned("KEY_WEAK"): {
                "RSA 1,024, accepted": Change(None, leaf(key="rsa1024"), accept="KEY_WEAK")
            },
            warned("SELF_SIGNED"): {
                "signed by itself, accepted": Change(
                    None, self_signed("shop.example.com"), accept="SELF_SIGNED"
                )
            },
            warned("SERVER_AUTH_MISSING"): {
                "no serverAuth, accepted": Change(
                    None, leaf(extended=(CLIENT_AUTH,)), accept="SERVER_AUTH_MISSING"
                )
            },
            warned("CHAIN_INCOMPLETE"): {
                "no chain, accepted": Change(None, bare, accept="CHAIN_INCOMPLETE")
            },
            refused("KEY_WEAK", says="1024"): {
                "the wrong thing accepted": Change(None, leaf(key="rsa1024"), accept="SELF_SIGNED"),
                "accepted in lower case": Change(None, leaf(key="rsa1024"), accept="key_weak"),
            },
            refused("KEY_MISMATCH", says="CN=shop.example.com"): {
                "a wrong key, which cannot be accepted": Change(
                    None, good | {"private_key": leaf(key="p384").key_pem()}, accept="KEY_MISMATCH"
                )
            },
            refused("LEAF_IS_CA", says="CN=shop.example.com"): {
                "a CA's certificate, which cannot be accepted": Change(
                    None, leaf(is_ca=True), accept="LEAF_IS_CA"
                )
            },
            warned("ACCEPT_WITHOUT_EFFECT"): {
                "nothing to accept": Change(None, leaf(), accept="KEY_WEAK"),
                "a repair and an acceptance without effect": Change(
                    None, leaf(), accept="CHAIN_MISORDERED"
                ),
            },
        }
    )


def _known() -> list[Scene]:
    """What was imported by hand with a fault is renewed with it; what was fit stays fit."""
    name, key = "Example Client CA", shared_key("p256", "Example Client CA")
    ca = x509.BasicConstraints(ca=True, path_length=None)
    limited = x509.ExtendedKeyUsage([CLIENT_AUTH])
    made = certify(PUBLIC_ROOT, name, ca, limited, key=key, not_before=NOW - 100 * DAY)
    clients = type(PUBLIC_CA)(certificate=made, key=key)
    faulty = _with_root(leaf(ca=clients), clients)

    def by_hand(issued: Issued) -> Callable[[Estate, str], object]:
        return lambda estate, _: estate.certificate(issued, REGION)

    return _table(
        {
            warned("CHAIN_INVALID"): {
                "an intermediate for clients only, as in the copy": Change(
                    None, faulty, build=by_hand(_with_root(leaf(ca=clients), clients))
                )
            },
            refused("CHAIN_INVALID", says="limited to other uses"): {
                "an intermediate for clients only, unlike the copy": Change(
                    None, faulty, build=by_hand(leaf())
                ),
                "an intermediate for clients only, nothing live": Change(None, faulty),
            },
        }
    )


def _tags() -> list[Scene]:
    def two_alike(estate: Estate, _: str) -> None:
        for _number in range(2):
            estate.certificate(leaf(), REGION)

    def one_alike(estate: Estate, _: str) -> None:
        estate.certificate(leaf(), REGION)

    return _table(
        {
            refused("REGION_UNKNOWN", says="mars-north-1"): {
                "a Region that the stack does not have": Change(
                    None, leaf(), tags={"regions": "mars-north-1"}
                )
            },
            refused("ADOPTION_AMBIGUOUS", says="acm"): {
                "two certificates that could be meant": Change(None, leaf(), build=two_alike)
            },
            live(): {"one certificate that is meant": Change(None, leaf(), build=one_alike)},
            repaired("CHAIN_SUPERFLUOUS", chain=()): {
                "a repaired chain replaces the good one": Change(
                    leaf(), fields_of(leaf()) | {"chain": leaf().chain_pem * 2 + _public_root()}
                )
            },
        }
    )


def _public_root() -> str:
    return Issued(certificate=PUBLIC_ROOT.certificate, key=PUBLIC_ROOT.key).certificate_pem
