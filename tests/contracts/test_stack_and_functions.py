"""What the stack hands to the functions is what they read."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from certrotation.names.environment import Mode, Weekday
from certrotation.settings import Settings
from infra.config import StackConfig
from infra.service.environment import function_environment

INFRA = Path(__file__).parents[2] / "infra"
TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:warning"
QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/rotation"


def settings_for(**context: object) -> Settings:
    config = StackConfig.from_context({"certrotation": context})
    environment = function_environment(config, queue_url=QUEUE_URL, warning_topic_arn=TOPIC_ARN)
    return Settings.from_env({"AWS_REGION": "eu-west-1", **environment})


def test_the_functions_read_every_setting_that_the_stack_hands_them() -> None:
    settings = settings_for(
        target_regions=["eu-west-1", "us-east-1"],
        secret_prefix="tls/",
        scan_interval_minutes=15,
        mode="report",
        dependents=["elbv2"],
        adoption="off",
        retention_days=7,
        yearly_import_quota=9_000,
        warning_fraction=0.5,
        warning_cap_days=50,
        critical_fraction=0.25,
        critical_cap_days=10,
        critical_floor_days=2,
        digest="friday",
        runbook_url="https://wiki.example.com/runbook",
    )

    assert settings.target_regions == ("eu-west-1", "us-east-1")
    assert settings.queue_url == QUEUE_URL
    assert settings.secret_prefix == "tls/"
    assert settings.scan_interval == timedelta(minutes=15)
    assert settings.mode is Mode.REPORT
    assert settings.dependents == ("elbv2",)
    assert not settings.adopts
    assert settings.retention == timedelta(days=7)
    assert settings.yearly_import_quota == 9_000
    assert settings.windows.warning_fraction == 0.5
    assert settings.windows.warning_cap == timedelta(days=50)
    assert settings.windows.critical_fraction == 0.25
    assert settings.windows.critical_cap == timedelta(days=10)
    assert settings.windows.critical_floor == timedelta(days=2)
    assert settings.warning_topic_arn == TOPIC_ARN
    assert settings.digest is Weekday.FRIDAY
    assert settings.runbook_url == "https://wiki.example.com/runbook"


def test_a_stack_that_says_no_more_than_it_must_leaves_the_defaults() -> None:
    bare = {
        "AWS_REGION": "eu-west-1",
        "CERTROTATION_TARGET_REGIONS": "eu-west-1",
        "CERTROTATION_QUEUE_URL": QUEUE_URL,
        "CERTROTATION_WARNING_TOPIC_ARN": TOPIC_ARN,
    }

    assert settings_for(target_regions=["eu-west-1"]) == Settings.from_env(bare)


def test_every_handler_that_the_stack_names_can_be_imported() -> None:
    named = {
        match
        for source in INFRA.rglob("*.py")
        for match in re.findall(r'handler="([a-z_.]+)"', source.read_text(encoding="utf-8"))
    }

    assert named == {
        f"certrotation.handlers.{each}.handler"
        for each in ("scan", "rotate", "issue", "custom_resource")
    }
    for each in named:
        module, _, function = each.rpartition(".")
        assert callable(getattr(import_module(module), function))
