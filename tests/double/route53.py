"""Route 53: batches are whole or nothing, and a change is PENDING before it is INSYNC.

Moto takes a CREATE of what exists, carries out half a batch, and knows only INSYNC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.route53.models import route53_backends

from tests.double.world import Answer, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.double.world import World


def text_values(world: World, name: str) -> list[str]:
    """Return what public DNS answers for TXT records of a name, aliases followed."""
    with world.lock:
        return list(_text_values(world, f"{name.lower().rstrip('.')}."))


def _text_values(world: World, name: str) -> Iterator[str]:
    for zone in _zones(world).values():
        for each in zone.rrsets:
            if each.name.lower() == name and each.type == "CNAME":
                yield from _text_values(world, f"{each.records[0].lower().rstrip('.')}.")
            elif each.name.lower() == name and each.type == "TXT":
                yield from (record.strip('"') for record in each.records)


def change_resource_record_sets(request: Request) -> Mapping[str, Any]:
    """Route 53 API Reference, ChangeResourceRecordSets: all changes of a batch, or none."""
    zone_id = str(request.params["HostedZoneId"]).removeprefix("/hostedzone/")
    zone = _zones(request.world).get(zone_id)
    if zone is None:
        raise Refusal("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}")
    before = list(zone.rrsets)
    errors = []
    for each in request.params["ChangeBatch"]["Changes"]:
        problem = _carry_out(zone, each["Action"], each["ResourceRecordSet"])
        if problem:
            errors.append(problem)
    if errors:
        zone.rrsets = before
        raise Refusal("InvalidChangeBatch", f"[{', '.join(errors)}]")
    changes = request.world.dns_changes
    number = f"/change/C{len(changes):08}"
    changes[number.removeprefix("/change/")] = request.world.dns_delay
    return {"ChangeInfo": _info(number, "PENDING")}


def get_change(request: Request) -> Mapping[str, Any]:
    """Route 53 API Reference, GetChange: INSYNC once every server has the change."""
    changes, number = request.world.dns_changes, str(request.params["Id"]).removeprefix("/change/")
    if number not in changes:
        raise Refusal("NoSuchChange", f"Could not find resource with ID: {number}")
    is_pending = changes[number] > 0
    changes[number] -= 1
    return {"ChangeInfo": _info(f"/change/{number}", "PENDING" if is_pending else "INSYNC")}


def _carry_out(zone: Any, action: str, wanted: Mapping[str, Any]) -> str | None:
    """Carry out one change; returns why Route 53 refuses it, if it does."""
    name, kind = f"{wanted['Name'].lower().rstrip('.')}.", wanted["Type"]
    records = [each["Value"] for each in wanted.get("ResourceRecords", ())]
    held = [each for each in zone.rrsets if each.name.lower() == name and each.type == kind]
    others = {each.type for each in zone.rrsets if each.name.lower() == name} - {kind}
    problem = _problem_with_values(name, kind, records)
    match action:
        case "CREATE" if held:
            problem = "it already exists"
        case "CREATE" if "CNAME" in {kind, *others} and others:
            problem = "it conflicts with a CNAME record"
        case "DELETE" if not held:
            problem = "it was not found"
        case "DELETE" if not _is_equal(held[0], records, wanted["TTL"]):
            problem = "the values provided do not match the current values"
    if problem:
        told = f"Tried to {action.lower()} resource record set [name='{name}', type='{kind}']"
        return f"{told} but {problem}"
    zone.rrsets = [each for each in zone.rrsets if each not in held]
    if action != "DELETE":
        zone.add_rrset({**wanted, "Name": name, "ResourceRecords": records})
    return None


def _problem_with_values(name: str, kind: str, records: list[str]) -> str:
    if kind == "TXT" and not all(each.startswith('"') and each.endswith('"') for each in records):
        return "TXT values must be enclosed in quotation marks"
    return f"duplicate values in {name}" if len(set(records)) < len(records) else ""


def _is_equal(held: Any, records: list[str], ttl: int) -> bool:
    return sorted(held.records) == sorted(records) and int(held.ttl) == int(ttl)


def _info(number: str, status: str) -> dict[str, Any]:
    return {"Id": number, "Status": status, "SubmittedAt": "2026-01-01T00:00:00Z"}


def _zones(world: World) -> dict[str, Any]:
    return route53_backends[world.account_id]["aws"].zones


ANSWERS: dict[str, Answer] = {
    "ChangeResourceRecordSets": change_resource_record_sets,
    "GetChange": get_change,
}
