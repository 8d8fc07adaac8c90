"""Dataclasses for values that never change; they cost a fifth of others at a cold start.

`dataclasses` generates and compiles six methods for each frozen class. Here, all classes share the
same methods. In everything else they are dataclasses: `fields`, `replace` and type checkers treat
them alike.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, FrozenInstanceError, field, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import Field

_T = TypeVar("_T")

__all__ = ["dataclass", "field", "replace"]


def _shared(*, frozen: bool, slots: bool, kw_only: bool) -> Callable[[type[_T]], type[_T]]:
    """Return the decorator; there is one kind of value, so each argument must be True."""
    if not (frozen and slots and kw_only):
        raise TypeError("A value is frozen, has slots, and takes keywords only.")

    def decorate(cls: type[_T]) -> type[_T]:
        for name, method in _METHODS.items():
            if name not in vars(cls):
                setattr(cls, name, method)
        made = dataclasses.dataclass(
            init=False, repr=False, eq=False, match_args=False, slots=True, kw_only=True
        )(cls)
        return _with_fields(made)  # type: ignore[no-any-return]  # the class that was given

    return decorate


def _with_fields(made: Any) -> Any:
    """Keep on the class what its methods need, so that no call searches the fields again."""
    made.fields_of_value = fields(made)
    made.compared = attrgetter(*(each.name for each in made.fields_of_value if each.compare))
    return made


def _init(self: Any, **given: Any) -> None:
    for each in self.fields_of_value:
        try:
            value = given.pop(each.name)
        except KeyError:
            value = _default(self, each)
        object.__setattr__(self, each.name, value)
    if given:
        raise TypeError(f"{type(self).__name__} has no field {', '.join(given)}")


def _default(self: object, absent: Field[Any]) -> Any:
    if absent.default_factory is not MISSING:
        return absent.default_factory()
    if absent.default is MISSING:
        raise TypeError(f"{type(self).__name__} needs the field {absent.name}")
    return absent.default


def _eq(self: Any, other: Any) -> Any:
    if type(self) is not type(other):
        return NotImplemented
    return self.compared(self) == self.compared(other)


def _hash(self: Any) -> int:
    return hash(self.compared(self))


def _repr(self: Any) -> str:
    shown = (
        f"{each.name}={getattr(self, each.name)!r}" for each in self.fields_of_value if each.repr
    )
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_change(self: object, name: str, *_: object) -> None:
    raise FrozenInstanceError(f"cannot change the field {name!r} of {type(self).__name__}")


def _reduce(self: Any) -> tuple[Any, ...]:
    return _restored, (
        type(self),
        {each.name: getattr(self, each.name) for each in self.fields_of_value},
    )


def _restored(cls: type[_T], content: dict[str, Any]) -> _T:
    return cls(**content)


_METHODS = {
    "__init__": _init,
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _refuse_change,
    "__delattr__": _refuse_change,
    "__reduce__": _reduce,
}

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _shared
