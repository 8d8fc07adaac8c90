"""What each listener and distribution presents to clients, all the year."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.hostile.looking import CHANGES, presented_by
from tests.oncall.year.population import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cryptography import x509

    from tests.double import Call
    from tests.oncall.year.population import Site
    from tests.support.estate import Estate

EDGE_TAKES = timedelta(hours=24)
"""How long CloudFront may present the old material after a reimport (CloudFront Developer Guide,
Requirements for using SSL/TLS certificates with CloudFront); a new ARN is presented at once."""

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Expired:
    """A dependent presented an expired certificate for a site, or none."""

    site: str
    dependent: str
    region: str
    since: datetime
    until: datetime

    @property
    def hours(self) -> float:
        """For how long."""
        return (self.until - self.since) / timedelta(hours=1)


@dataclass(slots=True)
class Timeline:
    """From which moment on a certificate that ends when is presented."""

    entries: list[tuple[datetime, datetime]] = field(default_factory=list)

    def show(self, at: datetime, ends: datetime, *, instead: bool) -> None:
        """Note a change; `instead` of what was on its way to the edge."""
        if instead:
            self.entries = [each for each in self.entries if each[0] < at]
        self.entries.append((at, ends))

    def expired(self, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield when nothing valid was presented, from and to."""
        nexts = (*(begin for begin, _ in self.entries[1:]), until)
        for (begin, ends), end in zip(self.entries, nexts, strict=True):
            if max(begin, ends) < end:
                yield max(begin, ends), end


class Presented:
    """Looks after each call that changes what is presented, whoever makes it."""

    def __init__(self, estate: Estate, regions: Mapping[str, str]) -> None:
        """Begin with what is there.

        Args:
            estate: where to look.
            regions: the Region of each dependent, a listener's ARN or a distribution's id.
        """
        self._estate, self._regions = estate, regions
        self._sites: dict[str, list[Site]] = {}
        self._holds: dict[str, list[str]] = {}
        self._leaves: dict[str, x509.Certificate] = {}
        self._timelines: defaultdict[tuple[str, str], Timeline] = defaultdict(Timeline)
        estate.aws.after(self._look)

    def follow(self, dependent: str, sites: Iterable[Site]) -> None:
        """Look at a dependent from now on: it serves these sites."""
        self._sites[dependent] = list(sites)
        self._note(dependent, datetime.now(UTC))

    def expired(self, until: datetime) -> list[Expired]:
        """Return when nothing valid was presented up to a moment."""
        return [
            Expired(site, dependent, self._regions[dependent], *span)
            for (dependent, site), timeline in self._timelines.items()
            for span in timeline.expired(until)
        ]

    def changed_by_hand(self, arn: str) -> None:
        """Take in that somebody imported over a certificate."""
        self._imported(arn)

    def _look(self, call: Call) -> None:
        if call.operation not in CHANGES:
            return
        now, params = datetime.now(UTC), call.params
        if call.operation == "ImportCertificate":
            self._imported(params.get("CertificateArn", ""))
        elif (dependent := params.get("ListenerArn") or params.get("Id")) in self._sites:
            self._note(dependent, now)

    def _imported(self, arn: str) -> None:
        self._leaves.pop(arn, None)
        now = datetime.now(UTC)
        for dependent, held in self._holds.items():
            if arn in held:
                on_edge = not dependent.startswith("arn:")
                self._note(dependent, now + EDGE_TAKES * on_edge, instead=not on_edge)

    def _note(self, dependent: str, at: datetime, *, instead: bool = True) -> None:
        with self._estate.aws.unobserved():
            held = presented_by(self._estate, dependent)
            if instead and held == self._holds.get(dependent) and not dependent.startswith("arn:"):
                return  # another setting was changed; what is on its way to the edge still is
            leaves = [self._leaf(arn) for arn in held]
        self._holds[dependent] = held
        for site in self._sites[dependent]:
            ends = [e.not_valid_after_utc for e in leaves if site.domain in names_of(e)]
            timeline = self._timelines[dependent, site.name]
            timeline.show(at, max(ends, default=NEVER), instead=instead)

    def _leaf(self, arn: str) -> x509.Certificate:
        if arn not in self._leaves:
            self._leaves[arn] = self._estate.presents(arn)
        return self._leaves[arn]
