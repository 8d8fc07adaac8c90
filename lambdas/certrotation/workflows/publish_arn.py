"""Writes a copy's ARN into its parameters, and announces it before."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from certrotation.errors import (
    CertRotationError,
    ParameterTaken,
    TransientError,
    Vanished,
    without_frames,
)
from certrotation.names import tags
from certrotation.names.events import ARN_CHANGED
from certrotation.values import dataclass

if TYPE_CHECKING:
    from certrotation.core.estate.arn_parameters import ArnChanged, Parameter, Publication
    from certrotation.workflows.ports import Events, Parameters, Region


class _PublishedCopy(NamedTuple):
    """A copy whose ARN is published."""

    arn: str
    secret: str
    """The name of the secret."""
    region: Region


@dataclass(frozen=True, slots=True, kw_only=True)
class ArnPublisher:
    """Publishes the ARNs of copies, as `certrotation.workflows.ports.Publisher` says."""

    parameters: Parameters
    events: Events

    def publish(self, publication: Publication, arn: str, *, secret: str, region: Region) -> None:
        """Have every parameter hold the ARN of a copy; one that does is not written.

        The event comes before the first write: a run that dies between the two announces the
        change once more, and no change is ever left out. So the copy's own parameter comes first,
        with the event; what hinders one of the others does not hinder the rest.
        """
        copy = _PublishedCopy(arn, secret, region)
        own, *others = publication.parameters
        self._hold(own, copy, is_announced=True)
        problems: list[CertRotationError] = []
        for each in others:
            try:
                self._hold(each, copy, is_announced=False)
            except CertRotationError as error:
                problems.append(without_frames(error))
        if problems:
            # A person is told what a retry cannot help; the next scan has the rest tried again.
            raise min(problems, key=lambda each: isinstance(each, TransientError))

    def _hold(self, parameter: Parameter, copy: _PublishedCopy, *, is_announced: bool) -> None:
        """Have one parameter hold the ARN of a copy."""
        held = self._before(parameter, copy)
        if held == copy.arn:
            return
        region = copy.region.name
        if is_announced:
            detail: ArnChanged = {
                "secret": copy.secret,
                "region": region,
                "old": held,
                "new": copy.arn,
            }
            self.events.put(ARN_CHANGED, detail)
        about = f"The ARN of the certificate of {copy.secret} in {region}"
        self.parameters.write(parameter, copy.arn, about, replaces=held is not None)

    def _before(self, parameter: Parameter, copy: _PublishedCopy) -> str | None:
        """Return what a parameter holds, if it may be overwritten."""
        held = self.parameters.read(parameter)
        if held is None or held == copy.arn or _is_own(held, copy):
            return held
        raise ParameterTaken(
            f"The parameter {parameter} holds {held}, which is not the ARN of a copy of"
            f" {copy.secret}.",
            "Rename the secret if another secret's parameter has the same name. Otherwise delete"
            " the parameter, unless something reads it.",
        )


def _is_own(held: str, copy: _PublishedCopy) -> bool:
    """Return whether an ARN is, or may have been, that of a copy of the secret.

    A superseded copy may have been deleted.
    """
    place, _, _ = copy.arn.rpartition("/")
    if not held.startswith(f"{place}/"):
        return False
    try:
        return copy.region.certificates.tags(held).get(tags.SECRET) == copy.secret
    except Vanished:
        return True
