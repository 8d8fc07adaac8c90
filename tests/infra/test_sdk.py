"""What the asset keeps of botocore's data: that of the services in use, as a client finds it."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.loaders import Loader
from botocore.regions import EndpointResolver

from infra.packaging.interpreter import PackagingError
from infra.packaging.sdk import SERVICES, keep_services

INSTALLED = Path(botocore.__file__).parent / "data"
OTHERS = ("ec2", "iam", "s3")


@pytest.fixture
def asset(tmp_path: Path) -> Path:
    """An asset with the data of the services in use and of some others."""
    data = tmp_path / "botocore" / "data"
    for name in (*SERVICES, *OTHERS):
        shutil.copytree(INSTALLED / name, data / name)
    for file in INSTALLED.glob("*.json"):
        shutil.copyfile(file, data / file.name)
    return tmp_path


def loader(data: Path) -> Loader:
    return Loader(extra_search_paths=[str(data)], include_default_search_paths=False)


def endpoints(data: Path) -> Mapping[str, Any]:
    return json.loads((data / "endpoints.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]  # as the file is


@pytest.mark.slow
def test_a_client_finds_the_same_model_as_before_and_no_other_service(asset: Path) -> None:
    keep_services(SERVICES, asset)

    data = asset / "botocore" / "data"
    assert {each.name for each in data.iterdir() if each.is_dir()} == SERVICES
    for name in SERVICES:
        assert len([*(data / name).iterdir()]) == 1
        for kind in ("service-2", "paginators-1", "endpoint-rule-set-1"):
            kept = loader(data).load_service_model(name, kind)
            assert kept == loader(INSTALLED).load_service_model(name, kind)


def test_every_region_keeps_its_endpoints(asset: Path) -> None:
    keep_services({"acm", "cloudfront", "elb", "resourcegroupstaggingapi"}, asset)

    trimmed = endpoints(asset / "botocore" / "data")
    prefixes = {"acm", "cloudfront", "elasticloadbalancing", "tagging"}
    ours, all_of_them = EndpointResolver(trimmed), EndpointResolver(endpoints(INSTALLED))
    regions = [each for part in trimmed["partitions"] for each in part["regions"]]
    assert {"eu-west-1", "cn-north-1", "us-gov-west-1"} < set(regions)
    for region in regions:
        partition = ours.get_partition_for_region(region)
        assert partition == all_of_them.get_partition_for_region(region)
        for prefix in prefixes:
            for_one = {"service_name": prefix, "region_name": region, "partition_name": partition}
            assert ours.construct_endpoint(**for_one) == all_of_them.construct_endpoint(**for_one)
    assert set().union(*(each["services"] for each in trimmed["partitions"])) == prefixes


def test_a_service_that_botocore_does_not_know_is_named(asset: Path) -> None:
    with pytest.raises(PackagingError, match=r"no data of the service 'acmm'.*SERVICES"):
        keep_services({"acm", "acmm"}, asset)
