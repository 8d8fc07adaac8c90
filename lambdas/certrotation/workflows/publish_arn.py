"""Writes a copy's ARN into its parameters, and announces it before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.errors import ParameterTaken, Vanished
from certrotation.names import tags
from certrotation.names.events import ARN_CHANGED
from certrotation.values import dataclass

if TYPE_CHECKING:
    from certrotation.core.estate.arn_parameters import ArnChanged, Parameter, Publication
    from certrotation.workflows.ports import Events, Parameters, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class ArnPublisher:
    """Publishes the ARNs of copies, as `certrotation.workflows.ports.Publisher` says."""

    parameters: Parameters
    events: Events

    def publish(self, publication: Publication, arn: str, *, secret: str, region: Region) -> None:
        """Have every parameter hold the ARN of a copy; one that does is not written.

        The event comes before the first write: a run that dies between the two announces the
        change once more, and no change is ever left out.
        """
        before = {each: self._before(each, arn, secret, region) for each in publication.parameters}
        own = publication.parameters[0]
        if before[own] != arn:
            detail: ArnChanged = {
                "secret": secret,
                "region": region.name,
                "old": before[own],
                "new": arn,
            }
            self.events.put(ARN_CHANGED, detail)
        about = f"The ARN of the certificate of {secret} in {region.name}"
        for parameter, held in before.items():
            if held != arn:
                self.parameters.write(parameter, arn, about, replaces=held is not None)

    def _before(self, parameter: Parameter, arn: str, secret: str, region: Region) -> str | None:
        """Return what a parameter holds, if it may be overwritten."""
        held = self.parameters.read(parameter)
        if held is None or held == arn or _is_own(held, arn, secret, region):
            return held
        raise ParameterTaken(
            f"The parameter {parameter} holds {held}, which is not the ARN of a copy of {secret}.",
            "Rename the secret if another secret's parameter has the same name. Otherwise delete"
            " the parameter, unless something reads it.",
        )


def _is_own(held: str, arn: str, secret: str, region: Region) -> bool:
    """Return whether an ARN is, or may have been, that of a copy of the secret.

    A superseded copy may have been deleted.
    """
    place, _, _ = arn.rpartition("/")
    if not held.startswith(f"{place}/"):
        return False
    try:
        return region.certificates.tags(held).get(tags.SECRET) == secret
    except Vanished:
        return True
