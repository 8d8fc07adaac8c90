"""The acts of the toolkit: deploying, again and with a change, and leaving."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from certrotation.core.notify.schedule import DIGEST_HOUR
from tests.acme.local_ca import SECRET
from tests.e2e import rotation_acts
from tests.e2e.account import WAVE
from tests.e2e.deployed import wait_for
from tests.e2e.gate.judge import read_records
from tests.e2e.places import PREFIX, STACK

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.run import Run

BACK_AFTER = 10
"""Seconds after which a message whose receiver was ended comes back here."""


def deploy(run: Run) -> None:
    """Bootstrap and deploy as a person would; then synthesize ahead what later acts deploy."""
    bootstrapped = run.toolkit.bootstrap()
    run.assemblies["first"] = run.toolkit.synthesize("first")
    first = run.assemblies["first"].result()
    bootstrapped.result()
    # Before the rule is there that would hear of it.
    for name in ("news", *([SECRET] if run.ca else [])):
        rotation_acts.announce(run, name)
    run.toolkit.deploy(first).result()
    resources = run.cloud.resources()
    kinds = {kind for kind, _, _ in resources}
    run.tell.say(
        f"{len(resources)} resources of {len(kinds)} kinds. Alarms on metric math, the"
        " dashboard that shows them and saved queries were left out: ministack cannot make them."
    )
    run.tell.expect(
        "every resource is there", holds={each for _, _, each in resources} == {"CREATE_COMPLETE"}
    )
    run.stack.subscribe()
    run.assemblies |= {
        "again": run.toolkit.synthesize("again"),
        "changed": run.toolkit.synthesize("changed", **_changed_settings()),
    }


def _changed_settings() -> dict[str, object]:
    """Return other settings, by which a digest is due at the next scan, whenever this runs.

    With a scan a day, that is whichever comes first after the last digest hour.
    """
    last = datetime.now(UTC) - timedelta(hours=DIGEST_HOUR)
    return {
        "retention_days": 31,
        "scan_interval_minutes": 24 * 60,
        "digest": f"{last:%A}".lower(),
        "arn_parameters": "on",
        "events": "on",
        "custom_resource": "on",
    }


def digest(run: Run) -> None:
    """Scan by hand, and read the digest that comes."""
    run.stack.scan()
    letters = run.stack.await_mail("weekly digest of")
    (text,) = (each["Message"] for each in letters if "weekly digest of" in each["Subject"])
    run.tell.say(f"Mail: {text}")
    rotated, due = text.split("About to expire (warning now or within 30 days):")
    run.tell.expect(
        "the digest names shop as rotated in three Regions, and pay as coming due",
        holds=PREFIX + "shop" in rotated and PREFIX + "pay" in due,
    )


def report_only(run: Run) -> None:
    """Switch the installed service to report-only and back, as `make mode` does."""
    secret, documented = PREFIX + "gone", dict.fromkeys(run.functions, "report")
    run.account.renew("gone")
    run.tell.say(run.toolkit.switch("report"))
    modes = {each: run.stack.environment(each)["CERTROTATION_MODE"] for each in documented}
    run.tell.expect("every function is told to report only", holds=modes == documented)
    before = len(run.stack.rotations(secret))
    run.stack.send(secret)
    wait_for("its plan", lambda: len(run.stack.rotations(secret)) > before)
    planned = run.stack.rotations(secret)[-1]
    run.tell.expect(
        "the rotation is planned and not applied",
        holds=planned["status"] == "planned" and not run.account.is_live("gone"),
    )
    run.tell.say(run.toolkit.switch("apply"))
    run.stack.send(secret)
    wait_for("gone live", lambda: run.account.is_live("gone"))
    run.tell.expect("back again, it goes live", holds=run.account.is_live("gone"))


def deploy_again(run: Run) -> None:
    """Deploy what was synthesized anew: nothing is to change."""
    first, again = (_asset(run.assemblies[name].result()) for name in ("first", "again"))
    run.tell.say(f"The asset's hash is {first}, and again {again}.")
    run.tell.expect("the asset is the same", holds=first == again)
    said = run.toolkit.deploy(run.assemblies["again"].result()).result()
    run.tell.expect("the command line says that there are no changes", holds="(no changes)" in said)


def _asset(assembly: Path) -> str:
    """Return the hash of the functions' asset."""
    (folder,) = (each for each in assembly.glob("asset.*") if each.is_dir())
    return folder.name.removeprefix("asset.")


def update_in_flight(run: Run) -> None:
    """Deploy a changed setting while rotations run.

    ministack ends running invocations when their function is updated, where AWS lets them finish
    (Lambda Developer Guide, Understanding the Lambda execution environment lifecycle). So this is
    a harder test: the messages of those come back when their visibility timeout has passed.
    """
    changed = run.assemblies["changed"].result()
    for name in WAVE:
        run.account.renew(name)
    usual = run.stack.visibility_timeout(BACK_AFTER)
    before = run.cloud.change_sets()
    updating = run.toolkit.deploy(changed)
    # From here on it takes a second until the functions are updated.
    wait_for("the change set", lambda: run.cloud.change_sets() != before or updating.done())
    for name in WAVE:
        run.stack.send(PREFIX + name)
    updating.result()
    run.look_at_the_stack_again()
    live = sum(map(run.account.is_live, WAVE))
    waited = wait_for("the wave live", lambda: all(map(run.account.is_live, WAVE)), seconds=60)
    run.stack.visibility_timeout(usual)
    run.tell.say(
        f"{len(WAVE)} messages were sent a moment before the functions were updated. When the"
        f" command was done {live} secrets were live, all of them {waited:.1f} seconds later."
        f" ministack, unlike AWS, ends the running invocations of a function that is updated:"
        f" {_begun_twice(run)} rotations were begun twice. The queue's visibility timeout of"
        f" {usual} seconds was {BACK_AFTER} meanwhile, and was put back."
    )
    _expect_updated(run)


def _expect_updated(run: Run) -> None:
    retention = run.stack.environment("Rotate").get("CERTROTATION_RETENTION_DAYS")
    run.tell.expect("the changed setting is deployed", holds=retention == "31")
    run.tell.expect("every secret of the wave is live", holds=all(map(run.account.is_live, WAVE)))
    letters = " ".join(each["Body"] for each in run.stack.dead_letters())
    run.tell.expect("none of their messages is a dead letter", holds=WAVE[0][:-2] not in letters)


def _begun_twice(run: Run) -> int:
    """Return how many secrets of the wave were described more than once."""
    records = read_records(run.folder.decisions)
    read = [each.resource for each in records if each.action == "secretsmanager:DescribeSecret"]
    return sum(read.count(run.account.secret_arn(PREFIX + name)) > 1 for name in WAVE)


def leave(run: Run) -> None:
    """Destroy the stack as a person would, and look at what remains."""
    cloudformation = run.cloud.client("cloudformation")
    before = run.cloud.resources()
    protected = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    run.tell.expect(
        "the stack is protected from being deleted", holds=protected["EnableTerminationProtection"]
    )
    cloudformation.update_termination_protection(StackName=STACK, EnableTerminationProtection=False)
    key, groups = (
        run.stack.outputs["Key"],
        {value for name, value in run.stack.outputs.items() if name.endswith("Logs")},
    )
    run.toolkit.destroy(run.assemblies["changed"].result()).result()
    remaining = _remaining(run)
    run.tell.table(("what remains", ""), remaining)
    run.tell.expect(
        "of its queues, functions, roles, rules, schedules, topics and alarms nothing remains",
        holds={kind for kind, _ in remaining} <= {"key", "log group"},
    )
    run.tell.expect(
        "its logs and the key that they are encrypted with remain",
        holds={name for kind, name in remaining if kind == "log group"} == groups
        and [name for kind, name in remaining if kind == "key"] == [key],
    )
    run.tell.say(f"{len(before)} resources were there.")


def _remaining(run: Run) -> list[tuple[str, str]]:
    """Return kind and name of everything that is there and the stack's, by its name."""
    client = run.cloud.client
    kms = client("kms")
    keys = [
        kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in kms.list_keys()["Keys"]
    ]
    listed = {
        "queue": client("sqs").list_queues().get("QueueUrls", []),
        "function": _each(client("lambda").list_functions(), "Functions", "FunctionName"),
        "event source": _each(
            client("lambda").list_event_source_mappings(), "EventSourceMappings", "FunctionArn"
        ),
        "role": _each(client("iam").list_roles(), "Roles", "RoleName"),
        "rule": _each(client("events").list_rules(), "Rules", "Name"),
        "schedule": _each(client("scheduler").list_schedules(), "Schedules", "Name"),
        "topic": _each(client("sns").list_topics(), "Topics", "TopicArn"),
        "alarm": _each(client("cloudwatch").describe_alarms(), "MetricAlarms", "AlarmName"),
        "alias": _each(kms.list_aliases(), "Aliases", "AliasName"),
        "log group": _each(client("logs").describe_log_groups(), "logGroups", "logGroupName"),
        "log policy": _each(
            client("logs").describe_resource_policies(), "resourcePolicies", "policyName"
        ),
    }
    by_name = [(kind, name) for kind, names in listed.items() for name in names if STACK in name]
    ours = [("key", each["Arn"]) for each in keys if STACK in each.get("Description", "")]
    return [*by_name, *ours]


def _each(answer: Any, collection: str, member: str) -> list[str]:
    return [each[member] for each in answer.get(collection, [])]
