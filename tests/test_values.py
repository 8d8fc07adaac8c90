"""Values behave as the frozen dataclasses that type checkers take them for."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from certrotation import values
from certrotation.values import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    kind: ClassVar[str] = "certificate"
    arn: str
    tags: Mapping[str, str] = field(default_factory=dict, compare=False)
    key: bytes = field(default=b"secret", repr=False)
    days: int | None = None

    @property
    def is_short(self) -> bool:
        return self.days is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Longer(Value):
    region: str

    def __str__(self) -> str:
        return f"{self.arn} in {self.region}"


class Renamed(Longer):
    __slots__ = ()
    kind = "copy"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    kind: ClassVar[str] = "certificate"
    arn: str
    tags: Mapping[str, str] = field(default_factory=dict, compare=False)
    key: bytes = field(default=b"secret", repr=False)
    days: int | None = None


def test_a_value_has_the_fields_the_defaults_and_the_repr_of_a_standard_dataclass() -> None:
    ours, standard = Value(arn="a"), Standard(arn="a")

    assert dataclasses.asdict(ours) == dataclasses.asdict(standard)
    assert repr(ours) == repr(standard).replace("Standard", "Value")
    assert "secret" not in repr(ours)
    assert Value.__slots__ == Standard.__slots__
    assert not hasattr(ours, "__dict__")
    assert ours.tags is not Value(arn="a").tags


def test_values_are_equal_if_their_class_and_their_compared_fields_are() -> None:
    longer = Longer(arn="a", region="r")

    assert Value(arn="a", tags={"x": "y"}) == Value(arn="a")
    assert hash(Value(arn="a", tags={"x": "y"})) == hash(Value(arn="a"))
    assert Value(arn="a") != Value(arn="a", days=1)
    assert Value(arn="a") != Standard(arn="a")  # type: ignore[comparison-overlap]  # that is so
    assert longer != Renamed(arn="a", region="r")
    assert {longer, Longer(arn="a", region="r")} == {longer}


def test_a_value_cannot_be_changed() -> None:
    value: Any = Value(arn="a")

    with pytest.raises(dataclasses.FrozenInstanceError, match="'arn' of Value"):
        value.arn = "b"
    with pytest.raises(dataclasses.FrozenInstanceError, match="'arn' of Value"):
        del value.arn
    assert value.arn == "a"


def test_a_field_that_is_missing_or_unknown_or_has_no_name_is_a_type_error() -> None:
    value: Any = Value

    with pytest.raises(TypeError, match="Value needs the field arn"):
        value(days=1)
    with pytest.raises(TypeError, match="Value has no field arm, dais"):
        value(arn="a", arm="b", dais=1)
    with pytest.raises(TypeError, match="positional"):
        value("a")


def test_a_subclass_adds_fields_and_keeps_its_own_methods() -> None:
    renamed = Renamed(arn="a", region="r", days=3)

    assert [each.name for each in dataclasses.fields(renamed)] == [
        *("arn", "tags", "key", "days", "region")
    ]
    assert (renamed.kind, str(renamed), renamed.is_short) == ("copy", "a in r", True)


def test_a_value_is_replaced_copied_and_pickled() -> None:
    value = Longer(arn="a", region="r", tags={"x": "y"})

    assert replace(value, days=2) == Longer(arn="a", region="r", days=2)
    for other in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301  our own
        assert (other, other.tags) == (value, value.tags)


@pytest.mark.parametrize("missing", ["frozen", "slots", "kw_only"])
def test_there_is_no_other_kind_of_value(missing: str) -> None:
    arguments = {"frozen": True, "slots": True, "kw_only": True, missing: False}

    with pytest.raises(TypeError, match="frozen, has slots, and takes keywords only"):
        values.dataclass(**arguments)


MADE_BY_OTHERS = """
import dataclasses
made = []
standard = dataclasses._process_class
def noted(cls, init, *others):
    if init and cls.__module__.startswith("certrotation."):
        made.append(f"{cls.__module__}.{cls.__qualname__}")
    return standard(cls, init, *others)
dataclasses._process_class = noted
import certrotation.handlers.scan, certrotation.handlers.rotate
print(*made)
"""


def test_a_cold_start_compiles_no_methods_but_those_of_what_changes() -> None:
    """Each other dataclass would cost a millisecond of it."""
    printed = subprocess.run(  # noqa: S603  no shell; every word is ours
        [sys.executable, "-c", MADE_BY_OTHERS], capture_output=True, text=True, check=True
    ).stdout

    assert set(printed.split()) <= {
        "certrotation.workflows.apply_plan.RegionRotation",
        "certrotation.workflows.move_dependents.Moves",
    }
