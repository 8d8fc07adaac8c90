"""Values of TXT records in the public hosted zones of Route 53.

Actions: route53:GetHostedZone, route53:ListResourceRecordSets, route53:ChangeResourceRecordSets,
route53:GetChange; sts:AssumeRole for zones of another account.

Apex and wildcard, and several names that point at one target by CNAME, share a record set, and
several orders may change it at the same time. So a value is added by compare-and-swap: one batch
deletes exactly what was read and creates the union. Route 53 carries out a batch as a whole or not
at all, and refuses to delete what has changed and to create what exists (Route 53 API Reference,
ChangeResourceRecordSets).
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.aws.clients import CONFIG
from certrotation.aws.errors import Fault, incomplete, meaning, translated
from certrotation.core.issuance.note import Placement
from certrotation.errors import RETRIED, AccessDenied, NotValidated, NotYet, Rejected, Throttled
from certrotation.names.issuers import CHALLENGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import boto3

    from certrotation.workflows.issuing_ports import Patience, TxtRecord

TTL = 60
"""Of records that this service makes: resolvers forget the values soon."""

MOST_ALIASES = 8
"""CNAMEs that are followed one after the other; resolvers follow about as many."""

MOST_SWAPS = 12
"""How often a record set that others change too is read again."""

POLL = 4.0
"""Seconds between two questions whether a change has reached all servers."""

_INSYNC = "INSYNC"
_CHANGED_MEANWHILE = Fault(NotYet, RETRIED)
_MEANINGS = (
    meaning(
        Fault(
            NotValidated, "Correct zones in the setting issuers: the id of a public hosted zone."
        ),
        "NoSuchHostedZone",
    ),
    meaning(Fault(Throttled, RETRIED), "PriorRequestNotComplete"),
    # "it already exists", "it was not found", "the values provided do not match".
    meaning(_CHANGED_MEANWHILE, "InvalidChangeBatch"),
    meaning(Fault(NotYet, RETRIED), "NoSuchChange"),
    meaning(
        Fault(AccessDenied, "Allow the function's role to assume dns_role in its trust policy."),
        "AccessDenied",
        words="sts:AssumeRole",
    ),
)


def zones_client(session: boto3.Session, region: str, role_arn: str | None) -> Any:
    """Return a client for Route 53; with a role, one of the role's account.

    It is made within the first call, whose meanings of errors apply to sts:AssumeRole too.
    """
    if role_arn is None:
        return session.client("route53", region_name=region, config=CONFIG)
    sts = session.client("sts", region_name=region, config=CONFIG)
    answer = sts.assume_role(RoleArn=role_arn, RoleSessionName="certrotation")
    got = answer.get("Credentials")
    if got is None:
        raise incomplete(f"sts:AssumeRole for {role_arn}", "Credentials")
    return session.client(
        "route53",
        region_name=region,
        config=CONFIG,
        aws_access_key_id=got["AccessKeyId"],
        aws_secret_access_key=got["SecretAccessKey"],
        aws_session_token=got["SessionToken"],
    )


class _Zone(NamedTuple):
    id: str
    suffix: str
    """The zone's name, with a period at each end."""


class _RecordSet(NamedTuple):
    values: tuple[str, ...]
    """As Route 53 has them, in quotes."""
    ttl: int


class Route53Zones:
    """The hosted zones with these ids.

    An alias (CNAME) in one of these zones is read there. Where an alias of another zone leads is
    not looked up in DNS: `aliases` has the target of each host name.
    """

    def __init__(
        self, client: Any, zone_ids: Sequence[str], aliases: Mapping[str, str] | None = None
    ) -> None:
        self._client = client
        self._zone_ids = zone_ids
        self._aliases = {f"{CHALLENGE}{host}": target for host, target in (aliases or {}).items()}
        self._zones: tuple[_Zone, ...] | None = None

    def places_of(self, records: Sequence[TxtRecord]) -> tuple[Placement, ...]:
        """Return where records are placed: in the longest zone, CNAMEs followed."""
        return tuple(
            Placement(*self._place_of(name), each.value)
            for name, group in groupby(sorted(records), key=lambda record: record.name)
            for each in group
        )

    def place(self, placements: Sequence[Placement], patience: Patience) -> None:
        """Add values, and wait until Route 53's servers return them."""
        changes = [
            self._swap(zone, name, values, is_added=True)
            for zone, name, values in _sets(placements)
        ]
        for each in filter(None, changes):
            self._wait(each, patience)

    def remove(self, placements: Sequence[Placement]) -> None:
        """Take values out; values of others stay."""
        for zone, name, values in _sets(placements):
            self._swap(zone, name, values, is_added=False)

    def _place_of(self, name: str) -> tuple[str, str]:
        """Return the zone, and the name that aliases lead to."""
        known = name.lower().rstrip(".")
        wanted = f"{self._aliases.get(known, known)}."
        for _ in range(MOST_ALIASES):
            zone = self._zone_of(wanted)
            target = next(
                (
                    str(each["ResourceRecords"][0]["Value"])
                    for each in self._record_sets(zone.id, wanted)
                    if each.get("Type") == "CNAME" and each.get("ResourceRecords")
                ),
                None,
            )
            if target is None:
                if not wanted.startswith(CHALLENGE):
                    raise NotValidated(
                        f"{name} is an alias of {wanted.rstrip('.')}.",
                        f"Let the alias lead to a name that begins with {CHALLENGE}: the role may"
                        " change no other records.",
                    )
                return zone.id, wanted
            wanted = f"{target.lower().rstrip('.')}."
        raise NotValidated(
            f"{name} leads to an alias after {MOST_ALIASES} aliases.",
            "Shorten the chain of aliases.",
        )

    def _zone_of(self, name: str) -> _Zone:
        if self._zones is None:
            self._zones = tuple(self._read_zones())
        fitting = [each for each in self._zones if f".{name}".endswith(each.suffix)]
        if not fitting:
            known = ", ".join(each.suffix.strip(".") for each in self._zones) or "no zone"
            raise NotValidated(
                f"No zone of the issuer has {name.rstrip('.')}; the issuer has {known}.",
                "Add the id of the name's public hosted zone to zones in the setting issuers. If"
                " another DNS service has the zone, add the target of the name's alias to aliases.",
            )
        return max(fitting, key=lambda each: len(each.suffix))

    def _read_zones(self) -> Iterator[_Zone]:
        for each in self._zone_ids:
            with translated("route53:GetHostedZone", f"zone {each}", _MEANINGS):
                answer = self._client.get_hosted_zone(Id=each)
            zone = answer.get("HostedZone", {})
            name = zone.get("Name")
            if not name:
                raise incomplete(f"route53:GetHostedZone for zone {each}", "the zone's name")
            if zone.get("Config", {}).get("PrivateZone"):
                raise NotValidated(
                    f"The zone {each} ({name}) is private: a CA cannot see it.",
                    "Name the public hosted zone in zones of the setting issuers.",
                )
            yield _Zone(each, f".{str(name).lower().rstrip('.')}.")

    def _record_sets(self, zone: str, name: str) -> Iterator[dict[str, Any]]:
        """Yield the record sets with exactly this name."""
        request: dict[str, Any] = {"HostedZoneId": zone, "StartRecordName": name, "MaxItems": "20"}
        while True:
            with translated("route53:ListResourceRecordSets", f"{name} in zone {zone}", _MEANINGS):
                page = self._client.list_resource_record_sets(**request)
            for each in page.get("ResourceRecordSets", ()):
                if str(each.get("Name", "")).lower() != name:
                    return
                yield each
            if not page.get("IsTruncated") or str(page.get("NextRecordName", "")).lower() != name:
                return
            request |= {
                f"Start{member}": page[f"Next{member}"]
                for member in ("RecordName", "RecordType", "RecordIdentifier")
                if page.get(f"Next{member}")
            }

    def _swap(self, zone: str, name: str, values: Sequence[str], *, is_added: bool) -> str | None:
        """Add or remove values, and return the id of the change, or None if there is none."""
        for _ in range(MOST_SWAPS):
            before = self._values(zone, name)
            after = _changed(before, values, is_added=is_added)
            if after == before:
                return None
            changes = [
                *([_change("DELETE", name, before)] if before else []),
                *([_change("CREATE", name, after)] if after else []),
            ]
            try:
                with translated(
                    "route53:ChangeResourceRecordSets", f"{name} in zone {zone}", _MEANINGS
                ):
                    answer = self._client.change_resource_record_sets(
                        HostedZoneId=zone, ChangeBatch={"Changes": changes}
                    )
            except NotYet as error:
                last = error
                continue
            return str(answer.get("ChangeInfo", {}).get("Id", "")) or None
        raise last

    def _values(self, zone: str, name: str) -> _RecordSet | None:
        found = [each for each in self._record_sets(zone, name) if each.get("Type") == "TXT"]
        if len(found) > 1 or any("SetIdentifier" in each for each in found):
            raise Rejected(
                f"{name} in zone {zone} has TXT records with a routing policy.",
                "Replace the records by a simple one.",
            )
        for each in found:
            values = tuple(str(record["Value"]) for record in each.get("ResourceRecords", ()))
            return _RecordSet(values, int(each.get("TTL", TTL)))
        return None

    def _wait(self, change: str, patience: Patience) -> None:
        while True:
            with translated("route53:GetChange", change, _MEANINGS):
                answer = self._client.get_change(Id=change)
            if answer.get("ChangeInfo", {}).get("Status") == _INSYNC:
                return
            patience.wait("Route 53's servers take the change", POLL)


def _sets(placements: Sequence[Placement]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the record sets to change, and the values for each."""
    ordered = sorted(set(placements))
    for (zone, name), group in groupby(ordered, key=lambda each: (each.zone, each.name)):
        yield zone, name, [each.value for each in group]


def _changed(
    before: _RecordSet | None, values: Iterable[str], *, is_added: bool
) -> _RecordSet | None:
    quoted = [f'"{each}"' for each in values]
    present = before.values if before else ()
    if is_added:
        wanted = (*present, *(each for each in quoted if each not in present))
    else:
        wanted = tuple(each for each in present if each not in quoted)
    return _RecordSet(wanted, before.ttl if before else TTL) if wanted else None


def _change(action: str, name: str, record_set: _RecordSet) -> dict[str, Any]:
    return {
        "Action": action,
        "ResourceRecordSet": {
            "Name": name,
            "Type": "TXT",
            "TTL": record_set.ttl,
            "ResourceRecords": [{"Value": each} for each in record_set.values],
        },
    }
