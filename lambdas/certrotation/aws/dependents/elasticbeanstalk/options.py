"""The options of an environment that name the certificate of a listener, and nothing else of them.

A description of an environment's settings also holds the environment variables of the application.
Only the options of listeners are kept from it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LISTENER = re.compile(r"aws:(?:elb|elbv2):listener(?::(?P<port>\d+|default))?")
_LEGACY = "aws:elb:loadbalancer"
_LEGACY_PORTS = frozenset({443, 8443, 5223})
_CERTIFICATE = frozenset({"SSLCertificateArns", "SSLCertificateId"})
_DEFAULT_PORT = 80
# Elastic Beanstalk Developer Guide, General options for all environments: `aws:elbv2:listener:...`,
# `aws:elb:listener:...`, and `aws:elb:loadbalancer` with the values of LoadBalancerHTTPSPort.


class ListenerOption(NamedTuple):
    """The option that names the certificate of one listener."""

    namespace: str
    name: str
    value: str
    resource_name: str | None

    @property
    def ports(self) -> frozenset[int]:
        """The ports of the listeners that the option configures."""
        if self.namespace == _LEGACY:
            return _LEGACY_PORTS
        found = _LISTENER.fullmatch(self.namespace)
        port = found["port"] if found else None
        return frozenset({int(port) if port and port.isdecimal() else _DEFAULT_PORT})

    def names(self, arn: str) -> bool:
        """Return whether the option's value is, or lists, this certificate."""
        return arn in self._listed

    def changed(self, old: str, new: str) -> dict[str, str]:
        """Return the option as UpdateEnvironment takes it, with another certificate."""
        value = ",".join(new if each == old else each for each in self._listed)
        setting = {"Namespace": self.namespace, "OptionName": self.name, "Value": value}
        return setting | ({"ResourceName": self.resource_name} if self.resource_name else {})

    @property
    def _listed(self) -> list[str]:
        # The guide describes one ARN for each listener; the option's name is a plural.
        return [each.strip() for each in self.value.split(",")]


class Settings(NamedTuple):
    """What one environment is configured to present, and what it is changing to."""

    deployed: tuple[ListenerOption, ...]
    is_deploying: bool
    """Whether another configuration is being deployed."""
    failed: tuple[ListenerOption, ...]
    """The options of a configuration that could not be deployed."""

    def naming(self, arn: str) -> tuple[ListenerOption, ...]:
        """Return the deployed options that name a certificate."""
        return tuple(each for each in self.deployed if each.names(arn))


def settings_in(answer: Mapping[str, Any]) -> Settings | None:
    """Return what DescribeConfigurationSettings tells, or None if it leaves out what is deployed.

    It returns up to two sets of settings: the deployed one, and a draft that is being deployed or
    could not be (Elastic Beanstalk API Reference, DescribeConfigurationSettings).
    """
    by_status: dict[str, Sequence[Mapping[str, str]] | None] = {
        each.get("DeploymentStatus", ""): each.get("OptionSettings")
        for each in answer.get("ConfigurationSettings", ())
    }
    deployed = by_status.get("deployed")
    if deployed is None:
        return None
    return Settings(
        deployed=tuple(_of_listeners(deployed)),
        is_deploying="pending" in by_status,
        failed=tuple(_of_listeners(by_status.get("failed") or ())),
    )


def _of_listeners(settings: Sequence[Mapping[str, str]]) -> Iterator[ListenerOption]:
    for each in settings:
        namespace, name = each.get("Namespace", ""), each.get("OptionName", "")
        is_listener = namespace == _LEGACY or _LISTENER.fullmatch(namespace)
        if is_listener and name in _CERTIFICATE and each.get("Value"):
            yield ListenerOption(namespace, name, each["Value"], each.get("ResourceName"))
