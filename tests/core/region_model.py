"""A Region as a model: plans are made for it and applied to it, and each step is checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from certrotation.core.estate.inventory import Copy, Users
from certrotation.core.estate.tags import Marks
from certrotation.core.rotation.plan import (
    NEW_COPY,
    Adopt,
    Await,
    Confirm,
    Import,
    MarkLeaving,
    MarkSuperseded,
    Move,
    Publish,
    Reimport,
    Strand,
    Tag,
    Unmark,
)
from certrotation.core.rotation.reimport_rules import reasons_against_reimport
from certrotation.names.tags import PARAMETER, REVERTED, SECRET, SUPERSEDED_AT, SUPERSEDED_BY
from tests.core.builders import BIRTH, HOME, SHOP, arn, issued, material, superseded
from tests.core.region_plans import POLICY, look, plan_for, rotation
from tests.core.samples import DAY, NOW, presented

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from certrotation.core.estate.inventory import Dependent
    from certrotation.core.rotation.plan import RegionPlan, Step
    from certrotation.core.rotation.planning import Rotation, RotationPolicy
    from tests.support.authority import Issued

EC_LEAF, RSA_LEAF = issued(ends=90 * DAY), issued(ends=90 * DAY, key="rsa2048")
VERSIONS = {EC_LEAF: "v-ec", RSA_LEAF: "v-rsa"}
EVERY_STEP = 100


@dataclass(slots=True)
class Held:
    """What ACM holds under one ARN."""

    leaf: Issued
    tags: dict[str, str]
    created: timedelta


@dataclass(slots=True)
class Model:
    """One Region: certificates, and which of them each dependent presents."""

    held: dict[str, Held] = field(default_factory=dict)
    dependents: dict[str, Dependent] = field(default_factory=dict)
    parameter: str | None = None
    """The ARN that the Region's ARN parameter holds."""

    def tags(self) -> dict[str, dict[str, str]]:
        return {each: dict(held.tags) for each, held in self.held.items()}

    def users_of(self, of: str) -> Users:
        users = (each for each in self.dependents.values() if each.certificate_arn == of)
        return Users(dependents=tuple(users))

    def copies(self, tags: Mapping[str, Mapping[str, str]]) -> Iterator[Copy]:
        for each, held in self.held.items():
            users = self.users_of(each)
            yield Copy(
                arn=each,
                region=HOME,
                tags=tags.get(each, {}),
                presented=presented(held.leaf),
                in_use=bool(users),
                created_at=BIRTH + held.created,
                users=users,
            )

    def plan(self, wanted: Rotation, index: Mapping[str, Mapping[str, str]]) -> RegionPlan:
        """Plan as a rotation does: by the index of tags; before an import, by a direct look."""
        indexed = [each for each in self.copies(index) if SECRET in each.tags]
        publication = wanted.publication(HOME)
        held = dict.fromkeys(publication.parameters, self.parameter) if publication else {}
        (plan,) = plan_for(wanted, look(*indexed, parameters=held)).regions
        if not plan.imports:
            return plan
        found = list(self.copies(self.tags()))
        own = [each for each in found if SECRET in each.tags]
        others = [each for each in found if each not in own]
        found_too = look(*own, lookalikes=others, parameters=held)
        (plan,) = plan_for(wanted, found_too).regions
        return plan


@dataclass(slots=True)
class World:
    """A model, and the material that it is to come to."""

    model: Model
    wanted: Issued
    policy: RotationPolicy = POLICY

    @property
    def rotation(self) -> Rotation:
        return rotation(material(self.wanted, VERSIONS[self.wanted]), policy=self.policy)

    @property
    def own_tags(self) -> dict[str, str]:
        return dict(self.rotation.tags.own)

    def plan(self, index: Mapping[str, Mapping[str, str]] | None = None) -> RegionPlan:
        return self.model.plan(self.rotation, self.model.tags() if index is None else index)

    def apply(self, plan: RegionPlan, most: int = EVERY_STEP) -> None:
        """Perform the first steps of a plan, and check each against what must never happen."""
        imported: list[str] = []
        for step in plan.steps[:most]:
            assert step.arn in {*self.model.held, NEW_COPY}
            self.perform(step, imported)

    def perform(self, step: Step, imported: list[str]) -> None:  # noqa: C901, PLR0912  one case a step
        held = self.model.held
        match step:
            case Adopt():
                assert SECRET not in held[step.arn].tags
                held[step.arn].tags[SECRET] = SHOP
            case Unmark():
                for mark in (SUPERSEDED_BY, SUPERSEDED_AT, REVERTED, PARAMETER):
                    held[step.arn].tags.pop(mark, None)
            case Reimport():
                leaf = held[step.arn].leaf.certificate
                assert reasons_against_reimport(leaf, self.wanted.certificate) == ()
                held[step.arn].leaf = self.wanted
            case Import():
                assert imported == []
                imported.append(arn(1000 + len(held)))
                held[imported[0]] = Held(leaf=self.wanted, tags=dict(self.own_tags), created=DAY)
            case Tag():
                held[step.arn].tags |= self.own_tags
            case Await():
                raise AssertionError("no user of the model is foreign")
            case Confirm() | Move() | Strand():
                assert step.dependent == self.model.dependents[step.dependent.arn]
                if not isinstance(step, Move):
                    return
                to_arn = self.ready(step.to_arn, imported)
                moved = replace(step.dependent, certificate_arn=to_arn)
                self.model.dependents[step.dependent.arn] = moved
            case MarkLeaving():
                marks = Marks.from_tags(held[step.arn].tags)
                held[step.arn].tags |= marks.tags_before_moving(NOW)
            case MarkSuperseded():
                assert not self.model.users_of(step.arn)
                held[step.arn].tags |= superseded(NOW, by=self.ready(step.by_arn, imported))
            case Publish():
                for each in held.values():
                    each.tags.pop(PARAMETER, None)
                self.model.parameter = self.ready(step.arn, imported)
                held[self.model.parameter].tags[PARAMETER] = step.publication.mark
            case _:
                assert_never(step)

    def ready(self, to_arn: str, imported: list[str]) -> str:
        """Return the ARN meant; it presents the material, says so, and is not superseded."""
        real = imported[0] if to_arn == NEW_COPY else to_arn
        assert self.is_right(self.model.held[real])
        return real

    def is_right(self, held: Held) -> bool:
        return (
            held.leaf == self.wanted
            and held.tags.items() >= self.own_tags.items()
            and SUPERSEDED_BY not in held.tags
        )

    def assert_right(self) -> None:
        """Nothing is left to do, and every dependent of a copy presents the material."""
        assert self.plan().steps == ()
        assert any(map(self.is_right, self.model.held.values()))
        for each in self.model.dependents.values():
            held = self.model.held[each.certificate_arn]
            assert self.is_right(held) or SECRET not in held.tags
        if self.policy.arn_parameters:
            assert self.is_right(self.model.held[self.model.parameter or ""])
