"""The registry of dependents: what is chosen is made, in its order, and nothing else is."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.aws.dependents.registry import (
    DEFAULT,
    ENTRIES,
    NAMES,
    Entry,
    Place,
    chosen,
    statements_of,
)
from certrotation.aws.dependents.services import DependentSettings, dependent_services
from certrotation.core.estate import dependent_kinds
from certrotation.core.estate.dependent_kinds import DependentKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.aws.dependents.services import Clients
    from certrotation.workflows.ports import DependentService

REGION = "us-east-1"
CONSUMERS = ("eu-west-1", "us-east-1")


def no_client(service: str, region: str, *, retries: bool = True) -> Any:
    return f"{service} in {region}{'' if retries else ' without retries'}"


def made(
    names: Sequence[str] = NAMES, clients: Clients = no_client, *, is_edge: bool = True
) -> list[DependentService]:
    settings = DependentSettings(names=tuple(names), consumer_regions=CONSUMERS)
    return [*dependent_services(settings, clients, REGION, is_edge=is_edge)]


def kinds_in(*, is_edge: bool) -> set[DependentKind]:
    return {kind for service in made(is_edge=is_edge) for kind in service.kinds}


def test_services_stand_in_the_registrys_order_whatever_the_settings() -> None:
    reverse = tuple(reversed(NAMES))

    modules = [type(each).__module__.split(".")[-2] for each in made(reverse)]

    assert tuple(each.name for each in chosen(reverse)) == NAMES
    assert tuple(dict.fromkeys(modules)) == NAMES


def test_what_is_unknown_is_refused_with_the_choices() -> None:
    with pytest.raises(
        ValueError, match="contains 'elb2', which is not a kind of dependent; choose"
    ):
        chosen(["elbv2", "elb2"])


def test_every_kind_of_dependent_belongs_to_one_entry() -> None:
    every = {each for each in vars(dependent_kinds).values() if isinstance(each, DependentKind)}

    assert kinds_in(is_edge=True) == every
    assert len({each.label for each in every}) == len(every)


@pytest.mark.parametrize("entry", ENTRIES, ids=NAMES)
def test_an_entry_has_services_for_each_place_where_its_resources_are(entry: Entry) -> None:
    there = [each.region for each in made([entry.name])]
    in_regions = [*CONSUMERS] if Place.CONSUMERS in entry.places else []
    beside = [None] * (len(entry.places) - bool(in_regions))

    assert there == [*beside, *in_regions]
    elsewhere = [each.region for each in made([entry.name], is_edge=False)]
    assert elsewhere == ([None] if Place.REGION in entry.places else [])


def test_where_cloudfront_takes_no_certificates_from_only_the_other_kinds_are_made() -> None:
    assert kinds_in(is_edge=False) == kinds_in(is_edge=True) - {
        dependent_kinds.API_EDGE_DOMAIN,
        dependent_kinds.DISTRIBUTION,
        dependent_kinds.USER_POOL_DOMAIN,
    }


@pytest.mark.parametrize("entry", ENTRIES, ids=NAMES)
def test_an_entry_names_the_services_that_its_adapter_calls(entry: Entry) -> None:
    """The asset has botocore's data of these services, and of no others."""
    asked = set[str]()

    def client(service: str, region: str, *, retries: bool = True) -> Any:
        del region, retries
        asked.add(service)

    made([entry.name], client)

    assert asked == set(entry.services)


def test_only_configured_adapters_are_imported_and_only_when_they_are_needed() -> None:
    """In an interpreter of its own: this one has imported everything."""
    asked = (
        "import sys\n"
        "from certrotation.aws.dependents import services\n"
        "settings = services.DependentSettings(names=('elbv2',))\n"
        "clients = lambda *_, **__: None\n"
        "made = services.dependent_services(settings, clients, 'us-east-1', is_edge=True)\n"
        "adapters = [each for each in sys.modules if each.endswith('.adapter')]\n"
        "assert not adapters, adapters\n"
        "list(made)\n"
        "print([each for each in sys.modules if each.startswith('certrotation.aws.dependents.')])"
    )
    said = subprocess.run(  # noqa: S603  no shell; every word is ours
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    ).stdout

    assert "certrotation.aws.dependents.elbv2.adapter" in said
    assert "cloudfront" not in said
    assert ".iam" not in said


@pytest.mark.parametrize("name", NAMES)
def test_every_adapter_gives_its_services_codes_a_meaning(name: str) -> None:
    assert import_module(f"certrotation.aws.dependents.{name}.adapter").MEANINGS


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_is_as_narrow_as_its_actions_allow(name: str) -> None:
    for statement in statements_of(name):
        assert statement.any_because
        assert {each for each in statement.actions if "*" in each} <= {"lambda:EnableReplication*"}
        changes = [each for each in statement.actions if not _reads(each)]
        is_narrow = statement.is_limited_by_tag or statement.names_settings
        if not statement.for_edge_with:
            assert ("*" not in statement.resources and is_narrow) or not changes


def _reads(action: str) -> bool:
    return action.partition(":")[2].startswith(("Describe", "GET", "Get", "List"))


def test_no_two_statements_have_one_name() -> None:
    sids = [statement.sid for name in NAMES for statement in statements_of(name)]

    assert len(set(sids)) == len(sids)


def test_what_is_on_by_default_is_part_of_the_registry() -> None:
    assert set(DEFAULT) == {each.name for each in ENTRIES if each.is_default}
    assert {"elbv2", "cloudfront"} <= set(DEFAULT)
