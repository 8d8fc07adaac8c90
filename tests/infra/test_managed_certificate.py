"""A CDK app of another team uses a managed certificate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
APP = """
import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from certrotation.cdk import ManagedCertificate

app = cdk.App()
stack = cdk.Stack(app, "Shop", env=cdk.Environment(account="123456789012", region="eu-west-1"))
for name, secret in (("Shop", "shop"), ("Wiki", "tls/wiki+de")):
    elbv2.CfnListener(
        stack,
        f"{name}Listener",
        load_balancer_arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/1",
        default_actions=[elbv2.CfnListener.ActionProperty(type="fixed-response")],
        certificates=[
            elbv2.CfnListener.CertificateProperty(
                certificate_arn=ManagedCertificate.from_secret(
                    stack,
                    name,
                    secret=secret,
                    **({} if secret == "shop" else {"service": "acme-tls", "prefix": "tls/"}),
                ).certificate_arn
            )
        ],
    )
cloudfront.Distribution(
    stack,
    "Site",
    certificate=ManagedCertificate.from_secret(
        stack, "Edge", secret="certrotation/shop", edge=True
    ),
    domain_names=["shop.example.com"],
    default_behavior=cloudfront.BehaviorOptions(origin=origins.HttpOrigin("origin.example.com")),
)
app.synth()
"""

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("shop")
    subprocess.run(  # noqa: S603  no shell; every word is ours
        [sys.executable, "-c", APP],
        cwd=out,
        env=os.environ | {"CDK_OUTDIR": str(out), "PYTHONPATH": str(ROOT / "lambdas")},
        check=True,
    )
    read: dict[str, Any] = json.loads((out / "Shop.template.json").read_text(encoding="utf-8"))
    return read


def parameter_behind(template: dict[str, Any], reference: dict[str, str]) -> str:
    """Return the name of the parameter that CloudFormation reads at each deployment."""
    parameter = template["Parameters"][reference["Ref"]]
    assert parameter["Type"] == "AWS::SSM::Parameter::Value<String>"
    return str(parameter["Default"])


@pytest.mark.parametrize(
    ("listener", "name"),
    [("ShopListener", "/certrotation/shop/arn"), ("WikiListener", "/acme-tls/wiki_2Bde/arn")],
)
def test_a_listener_gets_the_arn_from_the_parameter_of_its_region(
    template: dict[str, Any], listener: str, name: str
) -> None:
    (certificate,) = template["Resources"][listener]["Properties"]["Certificates"]

    assert parameter_behind(template, certificate["CertificateArn"]) == name


def test_a_distribution_gets_the_arn_of_the_edge_in_a_stack_of_any_region(
    template: dict[str, Any],
) -> None:
    (distribution,) = (
        each for each in template["Resources"].values() if "Distribution" in each["Type"]
    )
    viewer = distribution["Properties"]["DistributionConfig"]["ViewerCertificate"]

    assert parameter_behind(template, viewer["AcmCertificateArn"]) == "/certrotation/shop/edge-arn"


def test_the_template_asks_for_nothing_else(template: dict[str, Any]) -> None:
    kinds = {each["Type"] for each in template["Resources"].values()}

    assert kinds - {"AWS::CDK::Metadata"} == {
        "AWS::CloudFront::Distribution",
        "AWS::ElasticLoadBalancingV2::Listener",
    }
