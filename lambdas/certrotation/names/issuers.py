"""The setting `issuers`: the CAs that may be asked for certificates, and who may get which names.

The stack reads it from cdk.json, and the function from its environment: both with this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

ACME, PRIVATE_CA = "acme", "pca"

TEMPLATE = "EndEntityServerAuthCertificate/V1"
"""The template of a private CA for servers: digital signature, key encipherment, serverAuth."""
DAYS = 30
"""The lifetime of certificates of a private CA, unless the issuer names another one."""
MOST_DAYS = 3_650

CHALLENGE = "_acme-challenge."
"""How the names of the records begin in which a CA validates names (RFC 8555, section 8.4)."""

_ISSUER = re.compile("[a-z][a-z0-9-]{0,31}")
_DIRECTORY = re.compile(
    r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~%/?=&:@+,-]*)?"
    r"|http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?(/.*)?"
)
"""RFC 8555, section 6.1, wants HTTPS; a server on this machine is one of tests."""
_CONTACT = re.compile(r"[^@\s,?]+@[A-Za-z0-9.-]+")
_PROFILE = re.compile("[A-Za-z0-9._-]{1,64}")
_ZONE = re.compile("[A-Z0-9]{1,32}")
_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]{1,512}")
_CHAIN = re.compile("[ -~]{1,200}")
_PRIVATE_CA = re.compile(
    r"arn:aws[a-z-]*:acm-pca:[a-z0-9-]+:\d{12}:certificate-authority/[0-9a-f-]{36}"
)
_TEMPLATE = re.compile(
    "(EndEntityCertificate|EndEntityServerAuthCertificate)(_(API|CSR|APICSR)Passthrough)?/V1"
    "|BlankEndEntityCertificate(_CriticalBasicConstraints)?_(API|CSR|APICSR)Passthrough/V1"
)
"""AWS Private CA User Guide, template definitions: those whose certificates a server can use."""
_SECRETS = re.compile(r"[A-Za-z0-9/_+=.@*-]{1,256}")
_HOST = re.compile(
    r"(?=.{1,253}$)(\*\.)?((?!-)[a-z0-9_-]{1,63}(?<!-)\.)+(?!-)[a-z0-9_-]{1,63}(?<!-)"
)


class AcmeIssuer(NamedTuple):
    """A CA that speaks ACME (RFC 8555), and Route 53's zones in which names are validated."""

    name: str
    directory: str
    allow: tuple[tuple[str, tuple[str, ...]], ...]
    """Pattern of secret names, and the host names that such a secret may get."""
    contact: str | None = None
    """The mail address of the account."""
    profile: str | None = None
    """The profile of certificates whose request names none."""
    zones: tuple[str, ...] = ()
    """Ids of the public hosted zones; none if the CA validates no names."""
    aliases: tuple[tuple[str, str], ...] = ()
    """Host name, and where `_acme-challenge.<host name>` leads, if no zone of the issuer has it."""
    dns_role: str | None = None
    """The role that may change the zones, if another account has them."""
    preferred_chain: str | None = None
    """Common name of the root that the chain ends at, if the CA offers several chains."""
    ca_file: str | None = None
    """A PEM file with the root of the CA's own HTTPS server, if no public CA issued it."""

    def allowed(self, secret: str) -> frozenset[str]:
        """Return the host names that a secret may get: of all patterns that fit its name."""
        return _allowed(self.allow, secret)

    @property
    def kind(self) -> str:
        """The kind of the issuer, as in the setting."""
        return ACME


class PrivateCaIssuer(NamedTuple):
    """A CA of AWS Private CA, of this account or shared by another one."""

    name: str
    arn: str
    allow: tuple[tuple[str, tuple[str, ...]], ...]
    """Pattern of secret names, and the host names that such a secret may get."""
    template: str = TEMPLATE
    days: int = DAYS
    """The lifetime of certificates, in days; a shorter one where the CA demands that."""

    def allowed(self, secret: str) -> frozenset[str]:
        """Return the host names that a secret may get: of all patterns that fit its name."""
        return _allowed(self.allow, secret)

    @property
    def kind(self) -> str:
        """The kind of the issuer, as in the setting."""
        return PRIVATE_CA

    @property
    def region(self) -> str:
        """The Region of the CA."""
        return self.arn.split(":")[3]

    @property
    def template_arn(self) -> str:
        """The ARN of the template, in the partition of the CA."""
        return f"arn:{self.arn.split(':')[1]}:acm-pca:::template/{self.template}"


AnyIssuer = AcmeIssuer | PrivateCaIssuer


def _allowed(allow: tuple[tuple[str, tuple[str, ...]], ...], secret: str) -> frozenset[str]:
    return frozenset(
        host
        for pattern, hosts in allow
        if re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), secret)
        for host in hosts
    )


def parse_issuers(document: object) -> tuple[AnyIssuer, ...]:
    """Return the issuers, in the order of the setting.

    Args:
        document: the value of the setting, as JSON.

    Raises:
        ValueError: the end of a sentence that says what is wrong.
    """
    if not isinstance(document, Mapping) or not document:
        raise ValueError("must be an object of one or more issuers by name")
    return tuple(_issuer(name, each) for name, each in document.items())


def _issuer(name: object, given: object) -> AnyIssuer:
    if not isinstance(name, str) or not _ISSUER.fullmatch(name):
        raise ValueError(
            f"contains the issuer {name!r}; a name is 1 to 32 lower-case letters, digits and"
            " hyphens, and begins with a letter"
        )
    if not isinstance(given, Mapping):
        raise ValueError(f"contains {name}, which must be an object")  # noqa: TRY004  one error for every mistake
    kind = given.get("kind")
    if kind not in _MEMBERS:
        kinds = " or ".join(_MEMBERS)
        raise ValueError(f"contains {name} of the kind {kind!r}; the kind is {kinds}")
    _check_members(name, str(kind), given)
    return _acme(name, given) if kind == ACME else _private_ca(name, given)


def _check_members(name: str, kind: str, given: Mapping[str, object]) -> None:
    """Refuse members that no issuer of this kind has."""
    unknown = {str(each) for each in given} - _MEMBERS[kind]
    for other, members in _MEMBERS.items():
        misplaced = sorted(unknown & members)
        if misplaced:
            raise ValueError(
                f"contains {name} of the kind {kind} with members of the kind {other}:"
                f" {', '.join(misplaced)}"
            )
    if unknown:
        raise ValueError(f"contains {name} with unknown members: {', '.join(sorted(unknown))}")


def _acme(name: str, given: Mapping[str, object]) -> AcmeIssuer:
    texts = {each: _text(name, given, each) for each in _TEXTS}
    directory = given.get("directory")
    if not isinstance(directory, str) or not _DIRECTORY.fullmatch(directory):
        raise ValueError(f"contains {name} without a directory (an https URL)")
    return AcmeIssuer(
        name=name,
        directory=directory,
        allow=_allow(name, given),
        zones=_zones(name, given),
        aliases=_aliases(name, given),
        **texts,
    )


def _private_ca(name: str, given: Mapping[str, object]) -> PrivateCaIssuer:
    arn, template, days = given.get("arn"), given.get("template"), given.get("days")
    if not isinstance(arn, str) or not _PRIVATE_CA.fullmatch(arn):
        raise ValueError(f"contains {name} without arn (the ARN of a private CA)")
    template = TEMPLATE if template is None else template
    if not isinstance(template, str) or not _TEMPLATE.fullmatch(template):
        raise ValueError(
            f"contains {name} with the template {template!r}, which is not a template for the"
            f" certificates of servers, such as {TEMPLATE}"
        )
    days = DAYS if days is None else days
    if not isinstance(days, int) or isinstance(days, bool) or not 0 < days <= MOST_DAYS:
        raise ValueError(
            f"contains {name} with days {days!r}, which is not a whole number from 1 to {MOST_DAYS}"
        )
    return PrivateCaIssuer(
        name=name, arn=arn, allow=_allow(name, given), template=template, days=days
    )


_TEXTS = {
    "contact": (_CONTACT, "a mail address"),
    "profile": (_PROFILE, "the name of a profile"),
    "dns_role": (_ROLE, "the ARN of an IAM role"),
    "preferred_chain": (_CHAIN, "the common name of a root certificate"),
    "ca_file": (_CHAIN, "the path of a PEM file"),
}
_MEMBERS = {
    ACME: {"kind", "allow", "directory", "zones", "aliases", *_TEXTS},
    PRIVATE_CA: {"kind", "allow", "arn", "template", "days"},
}


def _text(name: str, given: Mapping[str, object], member: str) -> str | None:
    value, (pattern, wanted) = given.get(member), _TEXTS[member]
    if value is None:
        return None
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"contains {name} with the {member} {value!r}, which is not {wanted}")
    return value


def _zones(name: str, given: Mapping[str, object]) -> tuple[str, ...]:
    value = given.get("zones", [])
    if not isinstance(value, list | tuple) or not all(
        isinstance(each, str) and _ZONE.fullmatch(each) for each in value
    ):
        raise ValueError(f"contains {name} with zones that are not a list of hosted zone ids")
    return tuple(dict.fromkeys(value))


def _aliases(name: str, given: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Return the map from host names to the targets of their aliases."""
    value = given.get("aliases") or {}
    if not isinstance(value, Mapping):
        raise ValueError(  # noqa: TRY004  one error for every mistake
            f"contains {name}, whose aliases are not a map from host names to names, such as"
            f' {{"shop.example.com": "{CHALLENGE}shop.dns.example.net"}}'
        )
    for host, target in value.items():
        if not isinstance(host, str) or not _HOST.fullmatch(host) or host.startswith("*"):
            raise ValueError(
                f"contains {name}, whose aliases have {host!r}, which is not a host name in"
                " lower-case A-labels; a wildcard has the alias of the name below which it is"
            )
        if (
            not isinstance(target, str)
            or not _HOST.fullmatch(target)
            or not target.startswith(CHALLENGE)
        ):
            raise ValueError(
                f"contains {name}, whose aliases have {target!r} for {host}, which is not a name"
                f" that begins with {CHALLENGE}: the function may change no other records"
            )
    return tuple((host, target) for host, target in value.items())


def _allow(name: str, given: Mapping[str, object]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the map; it has no default, so that nobody gets a certificate for anybody's name."""
    value = given.get("allow")
    if not isinstance(value, Mapping) or not value:
        raise ValueError(
            f"contains {name} without allow: a map from patterns of secret names to lists of host"
            ' names, such as {"certrotation/shop*": ["shop.example.com", "*.shop.example.com"]}'
        )
    for pattern, hosts in value.items():
        if not isinstance(pattern, str) or not _SECRETS.fullmatch(pattern):
            raise ValueError(
                f"contains {name}, whose allow has {pattern!r}, which is not a pattern of secret"
                " names"
            )
        if not isinstance(hosts, list | tuple) or not hosts:
            raise ValueError(
                f"contains {name}, whose allow has no list of host names for {pattern}"
            )
        for host in hosts:
            if not isinstance(host, str) or not _HOST.fullmatch(host):
                raise ValueError(
                    f"contains {name}, whose allow has {host!r}, which is not a host name in"
                    " lower-case A-labels (the first label may be *)"
                )
    return tuple((pattern, tuple(hosts)) for pattern, hosts in value.items())
