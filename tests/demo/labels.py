"""Short names for what AWS names by ARN, the same at every place of the story."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from tests.simulation.estate import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.demo.inventory import Row

_UUID = r"[0-9a-f]{8}-[0-9a-f-]{27}"
_CERTIFICATE = re.compile(rf"arn:aws:acm:[a-z0-9-]+:\d+:certificate/{_UUID}")
_BALANCER = re.compile(
    r"arn:aws:elasticloadbalancing:[a-z0-9-]+:\d+:(?:listener|loadbalancer)/(?:app|net)/([\w-]+)"
    r"[\w/]*"
)
_DISTRIBUTION = re.compile(r"arn:aws:cloudfront::\d+:distribution/(\w+)")
_DOMAIN = re.compile(r"arn:aws:apigateway:[a-z0-9-]+::/domainnames/([\w.-]+)")
_VERSION = re.compile(rf"({_UUID})")
_SHORTEST_VERSION = 8


class Labels:
    """Certificates are numbered by their site: `shop-1`, and `shop-2` for the next one seen."""

    def __init__(self, distributions: Mapping[str, str]) -> None:
        """Start with no certificate known; `distributions` has a label for each id."""
        self._distributions = distributions
        self._certificates: dict[str, str] = {}
        self._seen: Counter[str] = Counter()

    def learn(self, rows: Iterable[Row]) -> None:
        """Give each certificate that is new a label."""
        for row in rows:
            if row.arn not in self._certificates:
                site = row.name.partition(".")[0]
                self._seen[site] += 1
                self._certificates[row.arn] = f"{site}-{self._seen[site]}"

    def shorten(self, text: str) -> str:
        """Put labels in the place of ARNs, and shorten version ids and secrets' names."""
        text = _CERTIFICATE.sub(lambda found: self._certificates.get(found[0], found[0]), text)
        text = _BALANCER.sub(r"\1", text)
        text = _DOMAIN.sub(r"\1", text)
        text = _DISTRIBUTION.sub(lambda found: self._distributions.get(found[1], found[0]), text)
        text = _VERSION.sub(lambda found: found[1][:_SHORTEST_VERSION], text)
        return text.replace(PREFIX, "")
