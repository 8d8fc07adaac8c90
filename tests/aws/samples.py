"""What the adapters are given: material, requests, and AWS's refusals."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import pytest

from certrotation.core.material.bundle import Material
from certrotation.core.material.trust import Anchor
from certrotation.core.material.x509_facts import key_algorithm_of
from certrotation.errors import CertRotationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.double import Call, EmbeddedAws
    from tests.support.authority import Issued

_Error = TypeVar("_Error", bound=CertRotationError)

MISSING = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"


def material_of(issued: Issued) -> Material:
    """Return an issued certificate as material that was checked."""
    algorithm = key_algorithm_of(issued.certificate.public_key())
    assert algorithm is not None
    return Material(
        version="11111111-2222-4333-8444-555555555555",
        leaf=issued.certificate,
        chain=issued.chain,
        key_algorithm=algorithm,
        anchor=Anchor(public=True, name=issued.certificate.issuer, key_identifier=None),
        private_key=issued.key,
    )


@contextmanager
def answering(
    aws: EmbeddedAws, operation: str, code: str, message: str = "", *, times: int = 1000
) -> Iterator[None]:
    """Let AWS answer an operation with an error, the first `times` times."""
    left = times

    def refuse(call: Call) -> None:
        nonlocal left
        if call.operation == operation and left:
            left -= 1
            raise aws.error(code, operation, message)

    with aws.before(refuse):
        yield


@contextmanager
def raising(kind: type[_Error], *words: str) -> Iterator[None]:
    """Expect exactly this kind of error; what was found holds these words."""
    with pytest.raises(kind) as caught:
        yield
    assert type(caught.value) is kind
    assert all(word in caught.value.found for word in words), caught.value.found


def once(
    aws: EmbeddedAws, operation: str, deed: Callable[[], object]
) -> AbstractContextManager[None]:
    """Do something just before the first call of an operation, as another writer would."""
    pending = [deed]

    def interfere(call: Call) -> None:
        if call.operation == operation and pending:
            pending.pop()()

    return aws.before(interfere)
