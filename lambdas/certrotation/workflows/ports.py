"""What the workflows ask of the world. Adapters in `certrotation.aws` answer; tests may too.

Every method raises only what `certrotation.errors` knows. Throttling, server errors and lost
connections are transient wherever they strike; the docstrings name what else a caller must expect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta

    from certrotation.core.estate.arn_parameters import Parameter, Publication
    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.estate.inventory import (
        CertificateDetail,
        Claim,
        Dependent,
        ListedCertificate,
        ManagedSecret,
        SecretVersion,
    )
    from certrotation.core.material.bundle import Material, PresentedCertificate
    from certrotation.core.material.secret_value import SecretValue
    from certrotation.core.notify.notice import Notice
    from certrotation.core.rotation.request import RotationRequest


class Secrets(Protocol):
    """The managed secrets of the home Region."""

    def list_managed(self) -> Sequence[ManagedSecret]:
        """Return every secret whose name begins with the prefix; never a value."""

    def describe(self, secret_id: str) -> ManagedSecret:
        """Return one secret by name or ARN.

        Raises:
            Vanished: there is no such secret.
            SecretDeleted: the secret is scheduled for deletion.
        """

    def current_value(self, secret_id: str) -> SecretValue:
        """Return what is AWSCURRENT.

        Raises:
            Vanished: there is no such secret, or it has no value.
            SecretDeleted: the secret is scheduled for deletion.
            Rejected: the KMS key of the secret cannot be used.
        """

    def is_newer(self, secret_id: str, version: str, than: str) -> bool:
        """Return whether `version` was created after `than`; a version that is gone was not."""


class Sources(Protocol):
    """Secrets of other accounts, each named by its full ARN."""

    def describe(self, arn: str) -> ManagedSecret:
        """Return a source; never its value.

        Raises:
            SourceDenied: the policy of the role or of the secret denies it.
            SourceGone: there is no such secret, or it is scheduled for deletion.
            SourceMalformed: the ARN is not the full ARN of the secret that was found.
        """

    def current_value(self, arn: str) -> SecretValue:
        """Return what is AWSCURRENT in a source.

        Raises:
            SourceDenied: the policy of the role, of the secret or of its KMS key denies it.
            SourceGone: there is no such secret, or it has no value.
        """


class SecretWriter(Protocol):
    """Writes managed secrets: for a command line or an issuer, never for scan or rotate.

    No part of `Account`, so that a function that has one cannot write by its types.
    """

    def versions(self, secret_id: str) -> Sequence[SecretVersion]:
        """Return every version and its labels, those without a label included.

        Raises:
            Vanished: there is no such secret.
        """

    def create(self, name: str, value: SecretValue, tags: Mapping[str, str]) -> None:
        """Create a secret whose first version has the id `value.version`.

        Raises:
            Rejected: there is such a secret, or AWS rejects the name, the value or a tag.
            SecretDeleted: a secret of this name is scheduled for deletion.
        """

    def add_tags(self, secret_id: str, tags: Mapping[str, str]) -> None:
        """Add or overwrite tags.

        Raises:
            Vanished: there is no such secret.
            Rejected: AWS rejects a tag.
        """

    def put_version(self, secret_id: str, value: SecretValue, labels: Sequence[str] = ()) -> None:
        """Write a version under the id `value.version`; doing it again changes nothing.

        Args:
            secret_id: name or ARN.
            value: what to write; its `version` is a new id of 32 to 64 characters.
            labels: the staging labels; without any the version becomes AWSCURRENT.

        Raises:
            Vanished: there is no such secret.
            Rejected: the version exists with another value, or the value is too large.
            QuotaReached: the secret has as many versions as AWS allows.
        """

    def move_label(
        self, secret_id: str, label: str, *, from_version: str | None, to_version: str | None
    ) -> None:
        """Move a staging label.

        Args:
            secret_id: name or ARN.
            label: AWSCURRENT, or another.
            from_version: the version that has the label; None if no version has it.
            to_version: the version that gets it; None takes the label off.

        Raises:
            Vanished: there is no such secret.
            NotYet: another version than `from_version` has the label.
            Rejected: there is no such version, or AWSCURRENT would be on none.
        """


class References(Protocol):
    """Finds the references to a source."""

    def references_to(self, source: str) -> Sequence[ManagedSecret]:
        """Return the managed secrets whose tag `certrotation:source` is this ARN.

        The list lags by minutes.
        """


class RotationQueue(Protocol):
    """The queue that rotations come from."""

    def send(self, requests: Sequence[RotationRequest]) -> None:
        """Queue requests; all of them, or it raises."""

    def send_later(self, request: RotationRequest, delay: timedelta) -> None:
        """Queue one request that is seen after `delay` (at most 15 minutes)."""

    def return_later(self, receipt_handle: str, delay: timedelta) -> None:
        """Have a message that is being worked on seen again after `delay`, counted as received."""


class Notices(Protocol):
    """Sends notifications to people."""

    def send(self, notice: Notice) -> None:
        """Tell everybody who wants to hear of what is no page.

        Raises:
            AccessDenied: the topic, or the key that it is encrypted with, is denied.
        """


class Publisher(Protocol):
    """Publishes the ARNs of copies."""

    @property
    def parameters(self) -> Parameters:
        """Where the ARNs are published."""

    def publish(self, publication: Publication, arn: str, *, secret: str, region: Region) -> None:
        """Have every parameter hold the ARN of a copy; one that does is not written.

        One that cannot be written keeps no other one from it, unless it is the copy's own.

        Args:
            publication: the parameters.
            arn: the ARN of the copy.
            secret: the name of the secret.
            region: the Region of the copy.

        Raises:
            ParameterTaken: a parameter holds something that is not a copy's ARN of this secret.
            CertRotationError: a parameter cannot be read or written, or the event cannot be put.
        """


class Parameters(Protocol):
    """Parameters that other teams' templates read."""

    def read(self, parameter: Parameter) -> str | None:
        """Return the value of a parameter, or None if there is no such parameter."""

    def under(self, root: str, region: str) -> Mapping[Parameter, str | None]:
        """Return the parameters of a Region whose names begin with the root, and their values."""

    def write(self, parameter: Parameter, value: str, about: str, *, replaces: bool) -> None:
        """Write a parameter.

        Args:
            parameter: its Region and name.
            value: what it is to hold.
            about: the description that people see.
            replaces: whether there is such a parameter already.

        Raises:
            NotYet: there is one although there was none, written meanwhile.
            QuotaReached: the Region has as many parameters as AWS allows.
            Rejected: AWS does not accept the name.
        """


class Events(Protocol):
    """Tells other programs of what has happened."""

    def put(self, kind: str, detail: Mapping[str, object]) -> None:
        """Announce an event of this kind; it may be announced more than once."""


class Certificates(Protocol):
    """ACM in one Region."""

    def list_imported(self) -> Sequence[ListedCertificate]:
        """Return every imported certificate, whatever its key type, expired ones included."""

    def presented(self, arn: str) -> PresentedCertificate:
        """Return the leaf and chain that ACM holds.

        Raises:
            Vanished: there is no such certificate.
        """

    def detail(self, arn: str) -> CertificateDetail:
        """Return what ACM tells about it.

        Raises:
            Vanished: there is no such certificate.
        """

    def tags(self, arn: str) -> Mapping[str, str]:
        """Return its tags, asked of ACM itself.

        Raises:
            Vanished: there is no such certificate.
        """

    def import_new(self, material: Material, tags: Mapping[str, str]) -> str:
        """Import under a new ARN, tags in the same call, and return the ARN.

        Raises:
            TagsRefused: nothing was imported.
            Rejected: ACM will not have the material, or a quota is used up.
        """

    def reimport(self, arn: str, material: Material) -> None:
        """Put material under a known ARN; tags are never part of it.

        Raises:
            Vanished: there is no such certificate.
            Rejected: ACM will not have the material under this ARN.
        """

    def add_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add or overwrite tags.

        Raises:
            TagsRefused: none was set.
            Vanished: there is no such certificate.
        """

    def remove_tags(self, arn: str, keys: Iterable[str]) -> None:
        """Remove tags by key; a tag that is not there is no error."""

    def delete(self, arn: str) -> None:
        """Delete a certificate; one that is gone already is no error.

        Raises:
            InUse: something presents it.
        """


class TagIndex(Protocol):
    """The tags of one Region's certificates, as the tagging service knows them: with a lag."""

    def all(self) -> Mapping[str, Mapping[str, str]]:
        """Return the tags of every tagged certificate, by ARN."""

    def copies_of(self, secret_name: str) -> Mapping[str, Mapping[str, str]]:
        """Return the tags of the certificates tagged with this secret's name, by ARN."""


class DependentService(Protocol):
    """A service whose resources present certificates."""

    kinds: frozenset[DependentKind]
    """The kinds that the service can move."""
    region: str | None
    """The Region of its resources, if it may differ from the Region of the certificates."""

    def may_explain(self, certificate_arn: str, user_arn: str) -> bool:
        """Return whether a resource of the service may be behind a user, by the two ARNs alone."""

    def claim(self, certificate_arn: str, user_arns: Sequence[str]) -> Claim:
        """Return what names the certificate in its own configuration, and whom that explains.

        A user is explained if a dependent was found for it, or if its complete configuration was
        read and names the certificate no longer: `in_use_by` lags behind a detach. A user of this
        account that the service no longer has is explained as well. What was not read is never
        explained.

        Args:
            certificate_arn: the certificate; its account and Region tell which users are local.
            user_arns: users from `CertificateDetail.in_use_by` that the service may explain.
        """

    def move(self, dependent: Dependent, to_arn: str) -> None:
        """Point a dependent at `to_arn`: new before old, and nothing else changes.

        Doing it again, or after it was done half, is safe. A dependent that is gone is no error.

        Raises:
            DependentBusy: it takes no change now.
            DependentFull: there is no slot for the new certificate beside the old one.
            DependentRefused: it will not take the new certificate.
        """

    def still_presents(self, dependent: Dependent) -> bool:
        """Read back whether it still names the certificate that it was to leave.

        Raises:
            DependentBusy: it does, because its service is still carrying out the move.
        """

    def complaint(self, dependent: Dependent) -> str | None:
        """Return why it does not take what was reimported under its ARN; None if it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The services of one Region."""

    name: str
    certificates: Certificates
    tag_index: TagIndex
    dependents: Iterable[DependentService]
    """In the order in which users are offered to them."""

    @property
    def kinds(self) -> tuple[DependentKind, ...]:
        """The kinds of dependents that may present a certificate of this Region."""
        return tuple(kind for service in self.dependents for kind in service.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Everything there is: the home Region's secrets, queue and topic, and every target Region."""

    secrets: Secrets
    queue: RotationQueue
    regions: Mapping[str, Region]
    notices: Notices | None
    """None if the service sends no notifications."""
    publisher: Publisher | None = None
    """None if there are no ARN parameters."""
    references: References | None = None
    """None if no managed secret may refer to a secret of another account."""
    events: Events | None = None
    """None if no events about outcomes are put."""
