"""Looks through everything that Python keeps in this process for keys and passphrases.

For a process that runs nothing but the functions: what it finds is theirs. It finds what is alive,
whether anything still refers to it or only the cyclic collector has yet to come; memory that was
given back and not yet used again it cannot see.
"""

from __future__ import annotations

import gc
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from certrotation.core.material.bundle import Material
from certrotation.core.material.decoding import Supplied
from certrotation.core.material.secret_value import SecretValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

KEEPERS = (
    Material,
    SecretValue,
    Supplied,
    ec.EllipticCurvePrivateKey,
    ed25519.Ed25519PrivateKey,
    rsa.RSAPrivateKey,
)
"""What holds a key by its nature."""


def masked(secrets: Iterable[bytes]) -> list[str]:
    """Return what can be handed to the process that is looked through without being found there."""
    return [each[::-1].hex() for each in secrets]


def traces_of(masks: Iterable[str]) -> set[str]:
    """Return what keeps a key, or holds one of these secrets: the types, and of a text its owner's.

    The secrets are bytes; of text their UTF-8.
    """
    objects = gc.get_objects()  # taken first, so that what follows is not in it
    secrets = [bytes.fromhex(each)[::-1] for each in masks]
    texts = [each.decode("latin-1") for each in secrets]

    def betrays(each: object) -> bool:
        match each:
            case str():
                return any(text in each for text in texts)
            case bytes() | bytearray():
                return any(secret in each for secret in secrets)
            case BytesIO():
                return any(secret in each.getvalue() for secret in secrets)
            case StringIO():
                return any(text in each.getvalue() for text in texts)
            case _:
                return isinstance(each, KEEPERS)

    return set(_found(objects, betrays))


def _found(objects: list[object], betrays: Callable[[object], bool]) -> Iterator[str]:
    """Yield what betrays among the collector's objects, and what hangs on them and is not its own.

    The collector tracks containers alone: text, numbers and most extension types are seen through
    what refers to them.
    """
    seen = {id(objects)}
    for tracked in objects:
        waiting: list[tuple[object, object]] = [(tracked, None)]
        while waiting:
            each, owner = waiting.pop()
            if id(each) in seen:
                continue
            seen.add(id(each))
            if betrays(each):
                where = f" in {type(owner).__qualname__}" if owner is not None else ""
                yield f"{type(each).__qualname__}{where}"
            waiting += [(one, each) for one in gc.get_referents(each) if not gc.is_tracked(one)]
