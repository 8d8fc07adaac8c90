"""What must hold at the end, checked against the account itself and not the service's word."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from certrotation.names import tags
from tests.demo.oncall import raised
from tests.demo.story import HELD, REFUSED, SITES, UNMOVABLE, secret_of
from tests.double import apigateway
from tests.simulation.estate import HOME, client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.demo.story import Story
    from tests.double import Call
    from tests.simulation.estate import Run
    from tests.simulation.oracle import Snapshot

READS = ("Describe", "Get", "List", "BatchGet")
"""How the names of the operations begin that change nothing."""

LEAST_TELLING = 16
"""Characters of base64 that stand in a log line by no accident."""

FIRST_ALARMS = {
    "CertificateCritical": 3,
    "CertificateTurnedCritical": 1,
    "AwaitingMaterial": 1,
    "RotationStalled": 1,
    "UnmanagedExpiring": 1,
    "MaterialRefused": 2,
}
"""Critical are legacy, www and wiki; wiki turned so just now."""

SECOND_ALARMS = FIRST_ALARMS | {"CertificateCritical": 2}
"""The first run has helped www; the rest needs a person."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that was seen while the story was told."""

    story: Story
    before: Snapshot
    first: Run
    gaps: Sequence[str]
    """Moments of the first run at which a listener had no certificate for shop."""
    between: Snapshot
    second: Run
    second_calls: Sequence[Call]
    after: Snapshot


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """A sentence, and whether it holds."""

    sentence: str
    holds: bool


Check: TypeAlias = "Callable[[Evidence], bool]"


def check_all(evidence: Evidence) -> list[Expectation]:
    """Check every expectation."""
    return [
        Expectation(sentence=sentence, holds=check(evidence)) for sentence, check in CHECKS.items()
    ]


def _api_is_renewed(evidence: Evidence) -> bool:
    return len(evidence.story.arns["api"]) == 3 and _is_renewed_in_place(evidence, "api")


def _shop_is_moved(evidence: Evidence) -> bool:
    story = evidence.story
    (old,) = story.arns["shop"]
    web, web_sni = evidence.after.listeners[story.listeners.shop_web]
    _, edge_sni = evidence.after.listeners[story.listeners.edge]
    new = _new_copies(evidence, "shop")
    return web in new and bool(edge_sni & new) and old not in web_sni | edge_sni


def _shop_had_no_gap(evidence: Evidence) -> bool:
    return not evidence.gaps


def _others_on_the_listeners_stayed(evidence: Evidence) -> bool:
    story = evidence.story
    (blog,) = story.arns["blog"]
    _, web_sni = evidence.after.listeners[story.listeners.shop_web]
    edge, edge_sni = evidence.after.listeners[story.listeners.edge]
    stayed = blog in web_sni & edge_sni and edge == story.arns["api"][0]
    return stayed and _is_untouched(evidence, "blog")


def _distribution_is_moved(evidence: Evidence) -> bool:
    story = evidence.story
    presented = story.estate.viewer_certificate(story.distribution)["ACMCertificateArn"]
    return presented in _new_copies(evidence, "www")


def _domain_is_moved(evidence: Evidence) -> bool:
    presented = apigateway.presented(client, evidence.story.domain)
    return presented <= _new_copies(evidence, "shop") and len(presented) == 1


def _old_copies_are_marked(evidence: Evidence) -> bool:
    return all(
        evidence.after.tags[old].get(tags.SUPERSEDED_BY) in _new_copies(evidence, site)
        for site in ("shop", "www")
        for old in evidence.story.arns[site]
    )


def _chain_is_in_order(evidence: Evidence) -> bool:
    story = evidence.story
    (copy,) = story.arns["mail"]
    in_order = list(story.renewed["mail"].chain)
    return _is_renewed_in_place(evidence, "mail") and story.estate.chain(copy) == in_order


def _vpn_is_adopted(evidence: Evidence) -> bool:
    (copy,) = evidence.story.arns["vpn"]
    owner = evidence.after.tags[copy].get(tags.SECRET)
    return _is_renewed_in_place(evidence, "vpn") and owner == secret_of("vpn")


def _refusal_changed_nothing(evidence: Evidence) -> bool:
    is_refused = "TRUST_LOST" in evidence.first.codes(secret_of(REFUSED))
    return is_refused and _is_untouched(evidence, REFUSED)


def _environment_is_refused(evidence: Evidence) -> bool:
    regions = evidence.first.rotation(secret_of(UNMOVABLE))["regions"]
    reasons = [each["found"] for region in regions for each in region["findings"]]
    is_named = any("Elastic Beanstalk would put the old one back" in each for each in reasons)
    return is_named and _is_untouched(evidence, UNMOVABLE)


def _hold_changed_nothing(evidence: Evidence) -> bool:
    plan = evidence.first.rotation(secret_of(HELD))["plan"]
    is_planned = any(region["steps"] for region in plan["regions"])
    return is_planned and _is_untouched(evidence, HELD)


def _rest_is_untouched(evidence: Evidence) -> bool:
    return all(_is_untouched(evidence, site) for site in ("legacy", "wiki"))


def _no_certificate_is_stray(evidence: Evidence) -> bool:
    new = evidence.after.certificates.keys() - evidence.before.certificates.keys()
    return len(new) == 2 and new == _new_copies(evidence, "shop") | _new_copies(evidence, "www")


def _alarms_are_the_storys(evidence: Evidence) -> bool:
    return raised(evidence.first) == FIRST_ALARMS and raised(evidence.second) == SECOND_ALARMS


def _logs_are_clean(evidence: Evidence) -> bool:
    lines = (*evidence.story.lines, *evidence.first.lines, *evidence.second.lines)
    said = "\n".join(lines)
    speaks_of_all = all(secret_of(site) in said for site in SITES)
    return speaks_of_all and not any(each in said for each in _private_fragments())


def _second_run_changed_nothing(evidence: Evidence) -> bool:
    changing = [
        call
        for call in evidence.second_calls
        if call.service != "sqs" and not call.operation.startswith(READS)
    ]
    return evidence.between == evidence.after and not changing


def _second_run_queued_what_waits(evidence: Evidence) -> bool:
    (scan,) = evidence.second.scans
    waiting = set(evidence.story.estate.waiting_messages().values())
    return set(scan["queued"]) == {*map(secret_of, (REFUSED, HELD, UNMOVABLE))} and waiting == {0}


CHECKS: dict[str, Check] = {
    "api presents the renewed certificate in all three Regions, under its old ARNs": (
        _api_is_renewed
    ),
    "every listener of shop presents its new certificate": _shop_is_moved,
    "at no moment was a listener of shop without a certificate for it": _shop_had_no_gap,
    "the other teams' certificates on these two listeners stayed": _others_on_the_listeners_stayed,
    "the distribution presents a new ARN with www's renewed certificate": _distribution_is_moved,
    "the custom domain of an API presents shop's new certificate": _domain_is_moved,
    "the old copies of shop and www are marked superseded": _old_copies_are_marked,
    "mail's shuffled chain went live in order": _chain_is_in_order,
    "vpn's encrypted key was read, and the certificate imported by hand adopted": _vpn_is_adopted,
    "the refused secret changed nothing": _refusal_changed_nothing,
    "store, whose ARN would change, is refused because Elastic Beanstalk owns its load balancer": (
        _environment_is_refused
    ),
    "the held secret was planned and changed nothing": _hold_changed_nothing,
    "nothing else was touched": _rest_is_untouched,
    "no certificate was imported twice": _no_certificate_is_stray,
    "the alarms are those that the story causes, no more and no fewer": _alarms_are_the_storys,
    "no private key and no passphrase appeared in any log line": _logs_are_clean,
    "a second run changes nothing": _second_run_changed_nothing,
    "it queues only what waits for a person, and leaves the queue empty": (
        _second_run_queued_what_waits
    ),
}


def _is_renewed_in_place(evidence: Evidence, site: str) -> bool:
    story = evidence.story
    renewed = story.renewed[site].certificate
    return all(story.estate.presents(arn) == renewed for arn in story.arns[site])


def _is_untouched(evidence: Evidence, site: str) -> bool:
    arns = evidence.story.arns[site]
    return evidence.before.of(*arns) == evidence.after.of(*arns)


def _new_copies(evidence: Evidence, site: str) -> set[str]:
    """Return the ARNs that are new and present a site's renewed certificate."""
    story = evidence.story
    return {
        arn
        for arn in evidence.after.certificates
        if arn not in evidence.before.certificates
        and story.estate.presents(arn) == story.renewed[site].certificate
    }


def _private_fragments() -> Iterator[str]:
    """Yield the passphrases, and each line of each private key, of all versions of all secrets."""
    secrets = client("secretsmanager", HOME)
    for secret in secrets.list_secrets()["SecretList"]:
        name = secret["Name"]
        for version in secrets.list_secret_version_ids(SecretId=name)["Versions"]:
            value = secrets.get_secret_value(SecretId=name, VersionId=version["VersionId"])
            fields = json.loads(value["SecretString"])
            lines = fields["private_key"].splitlines()[1:-1]
            yield from (line for line in lines if len(line) >= LEAST_TELLING)
            yield from filter(None, [fields.get("passphrase")])
