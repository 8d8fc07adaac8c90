"""Elastic Beanstalk: finding environments that present a certificate, and moving them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from certrotation import errors
from certrotation.aws.dependents.elasticbeanstalk.adapter import MEANINGS, Environments, make
from certrotation.aws.dependents.elasticbeanstalk.options import settings_in
from certrotation.aws.dependents.services import DependentSettings
from certrotation.aws.errors import failure
from certrotation.core.estate.inventory import Claim
from certrotation.names import tags
from tests.aws.samples import MISSING, answering, once, raising
from tests.double import elasticbeanstalk as fake
from tests.double.builders import create_listener, import_issued
from tests.e2e.gate.permissions import Ask, Caller, asks
from tests.e2e.gate.upstream import Answer
from tests.e2e.wire import call
from tests.simulation.estate import HOME, client
from tests.simulation.runner import PREFIX
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from certrotation.core.estate.inventory import Dependent
    from tests.double import EmbeddedAws
    from tests.double.world import Environment
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

    Import = Callable[..., str]

pytestmark = pytest.mark.slow

REGION = "us-east-1"
ACCOUNT = "123456789012"
BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer"
SHOP = PREFIX + "shop"
UPDATE = "UpdateEnvironment"
ALL_KINDS = {"CERTROTATION_DEPENDENTS": "elbv2,elb,elasticbeanstalk"}


@pytest.fixture
def service(aws: EmbeddedAws) -> Environments:
    del aws
    return make(client, REGION, DependentSettings(("elasticbeanstalk",)))


@pytest.fixture
def imported(aws: EmbeddedAws, authorities: Authorities) -> Import:
    del aws

    def make_one(name: str = "www.example.com") -> str:
        return import_issued(client("acm", REGION), authorities.public.issue(name))

    return make_one


def environment_of(aws: EmbeddedAws, certificate: str, **given: Any) -> Environment:
    return fake.environment(aws, client, REGION, certificate, **given)


def the_one(service: Environments, certificate: str, environment: Environment) -> Dependent:
    (found,) = service.claim(certificate, [environment.balancer]).dependents
    return found


def presented(aws: EmbeddedAws, environment: Environment) -> set[str]:
    """Return what the options name; ACM's list of users has to agree."""
    (named,) = fake.presented(client, environment.arn)
    assert environment.balancer in aws.in_use_by(named)
    return {named}


# What is found


@pytest.mark.parametrize("is_classic", [False, True], ids=["application", "classic"])
def test_an_environment_is_found_by_the_tags_of_its_load_balancer_and_moved(
    service: Environments, imported: Import, aws: EmbeddedAws, *, is_classic: bool
) -> None:
    old, new = imported(), imported()
    environment = environment_of(aws, old, is_classic=is_classic)
    assert aws.in_use_by(old) == [environment.balancer]
    claim = service.claim(old, [environment.balancer])
    (found,) = claim.dependents
    assert claim.explained == {environment.balancer}
    assert (found.arn, found.unmovable, found.drifts) == (environment.arn, None, None)
    assert ".ebextensions" in (found.overrides or "")

    for _ in range(2):
        service.move(found, new)

    assert presented(aws, environment) == {new}
    assert not service.still_presents(found)
    assert service.claim(old, [environment.balancer]) == Claim(
        explained=frozenset({environment.balancer})
    )
    (update,) = aws.calls_of("elasticbeanstalk", UPDATE)
    (option,) = update.params["OptionSettings"]
    assert option["Value"] == new, "the one option that named the certificate, and no other"


def test_a_load_balancer_without_an_environment_is_left_to_the_listeners(
    service: Environments, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    users = [aws.load_balancer("web"), f"{BALANCER}/net/awseb/50dc6c495c0c9188", f"{BALANCER}/gone"]
    create_listener(client("elbv2", REGION), users[0], old)
    assert service.claim(old, users) == Claim()
    assert not aws.calls_of("elasticbeanstalk")


def test_an_environment_that_is_gone_or_hides_its_settings_explains_nothing(
    service: Environments, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    environment = environment_of(aws, old)
    with answering(aws, "DescribeConfigurationSettings", "InvalidParameterValue", NOT_FOUND):
        assert service.claim(old, [environment.balancer]) == Claim()
    aws.environments().clear()
    assert service.claim(old, [environment.balancer]) == Claim()


NOT_FOUND = "No Environment found for EnvironmentName = 'shop-prod'."


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"operations_role": None}, "no operations role"),
        ({"tags": {"services.k8s.aws/namespace": "shop"}}, "AWS Controllers for Kubernetes"),
    ],
)
def test_one_that_cannot_be_updated_with_its_own_rights_or_is_put_back_is_unmovable(
    service: Environments, imported: Import, aws: EmbeddedAws, given: Any, words: str
) -> None:
    old = imported()
    found = the_one(service, old, environment_of(aws, old, **given))
    assert words in (found.unmovable or "")


def test_one_without_an_operations_role_is_moved_if_rotate_is_an_administrator(
    imported: Import, aws: EmbeddedAws
) -> None:
    names = ("elasticbeanstalk",)
    settings = DependentSettings(names, elasticbeanstalk_administrator_access=True)
    old, new = imported(), imported()
    environment = environment_of(aws, old, operations_role=None)
    service = make(client, REGION, settings)
    found = the_one(service, old, environment)
    assert found.unmovable is None
    service.move(found, new)
    assert presented(aws, environment) == {new}


def test_one_whose_tags_are_not_found_is_not_passed_over(
    service: Environments, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    environment = environment_of(aws, old)
    with answering(aws, "ListTagsForResource", "ResourceNotFoundException"):
        found = the_one(service, old, environment)
    assert found.unmovable == "AWS does not say who owns it: its tags are not found"


def test_a_template_that_made_the_environment_drifts_and_the_environments_own_does_not(
    service: Environments, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    environment = environment_of(aws, old)
    for stack, owner in (("web-stack", "web-stack"), ("awseb-e-abc-stack", None)):
        environment.tags["aws:cloudformation:stack-name"] = stack
        assert the_one(service, old, environment).drifts == owner


def test_a_listener_that_no_option_names_keeps_the_environment_where_it_is(
    service: Environments, imported: Import, aws: EmbeddedAws
) -> None:
    """Otherwise the environment would move, and this listener would present the old one on."""
    old = imported()
    environment = environment_of(aws, old)
    create_listener(client("elbv2", REGION), environment.balancer, old, port=8443)
    found = the_one(service, old, environment)
    assert "at port 8443, and no option" in (found.unmovable or "")


# What is moved


def test_an_update_takes_minutes_and_the_move_is_done_when_it_is_deployed(
    service: Environments, imported: Import, aws: EmbeddedAws
) -> None:
    """The function may end at any moment: whoever comes next waits, and changes nothing twice."""
    old, new = imported(), imported()
    environment = environment_of(aws, old)
    found = the_one(service, old, environment)
    aws.behaviour.deployments = "when_told"
    for _ in range(3):
        with raising(errors.DependentBusy, environment.arn, "Updating"):
            service.move(found, new)
        assert presented(aws, environment) == {old}
        assert service.still_presents(found)
    assert the_one(service, old, environment) == replace(found, updated_at=None)
    aws.finish_deployments()
    service.move(found, new)
    assert presented(aws, environment) == {new}
    assert not service.still_presents(found)
    assert len(aws.calls_of("elasticbeanstalk", UPDATE)) == 1


@pytest.mark.parametrize("status", ["Updating", "Launching", "LinkingTo", "Resting"])
def test_one_that_is_not_ready_is_busy_whatever_its_status_is_called(
    service: Environments, imported: Import, aws: EmbeddedAws, status: str
) -> None:
    old = imported()
    environment = environment_of(aws, old)
    environment.status = status
    with raising(errors.DependentBusy, environment.arn, status):
        service.move(the_one(service, old, environment), imported())
    assert not aws.calls_of("elasticbeanstalk", UPDATE)


def test_one_that_somebody_updates_meanwhile_is_busy_and_keeps_what_they_chose(
    service: Environments, imported: Import, aws: EmbeddedAws
) -> None:
    old, somebodys = imported(), imported()
    environment = environment_of(aws, old)
    found = the_one(service, old, environment)

    def update() -> None:
        aws.behaviour.deployments = "when_told"
        option = {"Namespace": "aws:elbv2:listener:443", "OptionName": "SSLCertificateArns"}
        client("elasticbeanstalk", REGION).update_environment(
            EnvironmentName=environment.name, OptionSettings=[{**option, "Value": somebodys}]
        )

    with once(aws, UPDATE, update), raising(errors.DependentBusy, "Must be Ready"):
        service.move(found, imported())
    aws.finish_deployments()
    service.move(found, imported())
    assert presented(aws, environment) == {somebodys}


def test_an_update_that_failed_is_a_refusal_and_is_not_repeated(
    service: Environments, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    environment = environment_of(aws, old)
    found = the_one(service, old, environment)
    with raising(errors.DependentBusy):
        service.move(found, MISSING)
    for _ in range(2):
        with raising(errors.DependentRefused, environment.arn, "has failed"):
            service.move(found, MISSING)
    assert presented(aws, environment) == {old}
    assert len(aws.calls_of("elasticbeanstalk", UPDATE)) == 1


def test_one_that_goes_meanwhile_needs_no_move(
    service: Environments, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    found = the_one(service, old, environment_of(aws, old))
    with once(aws, UPDATE, aws.environments().clear):
        service.move(found, imported())
    assert not service.still_presents(found)
    service.move(found, imported())


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        ("InvalidParameterValue", "is in an invalid state. Must be Ready.", errors.DependentBusy),
        ("OperationInProgressFailure", "", errors.DependentBusy),
        ("InvalidParameterValue", NOT_FOUND, errors.Vanished),
        ("InvalidParameterValue", "Unknown configuration setting", errors.DependentRefused),
        ("InvalidParameterCombination", "", errors.DependentRefused),
        ("ConfigurationValidationException", "", errors.DependentRefused),
        ("TooManyBucketsException", "", errors.DependentRefused),
        ("InsufficientPrivilegesException", "", errors.AccessDenied),
        ("AccessDenied", "", errors.AccessDenied),
        ("Throttling", "", errors.Throttled),
    ],
)
def test_an_error_code_means_what_elastic_beanstalk_says(
    code: str, words: str, kind: type[Any]
) -> None:
    assert type(failure(code, words, "a call", MEANINGS)) is kind


# What is read of an environment's settings


def settings(*options: tuple[str, str, str], status: str = "deployed") -> dict[str, Any]:
    listed = [{"Namespace": n, "OptionName": o, "Value": v} for n, o, v in options]
    return {"DeploymentStatus": status, "OptionSettings": listed}


def test_of_the_settings_only_listeners_certificates_are_kept() -> None:
    told = settings_in(
        {
            "ConfigurationSettings": [
                settings(
                    ("aws:elasticbeanstalk:application:environment", "SSLCertificateArns", "a"),
                    ("aws:elbv2:listener:8443", "SSLCertificateArns", "a, b"),
                    ("aws:elbv2:listener:default", "SSLCertificateArns", "a"),
                    ("aws:elbv2:listener:443", "SSLPolicy", "a"),
                    ("aws:elb:listener:444", "SSLCertificateId", "a"),
                    ("aws:elb:loadbalancer", "SSLCertificateId", "c"),
                )
            ]
        }
    )
    assert told is not None
    assert [sorted(each.ports) for each in told.naming("a")] == [[8443], [80], [444]]
    assert [min(each.ports) for each in told.naming("c")] == [443]
    (shared,) = told.naming("b")
    assert shared.changed("a", "z") == {
        "Namespace": "aws:elbv2:listener:8443",
        "OptionName": "SSLCertificateArns",
        "Value": "z,b",
    }


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"ConfigurationSettings": []},
        {"ConfigurationSettings": [{}]},
        {"ConfigurationSettings": [{"DeploymentStatus": "deployed"}]},
        {"ConfigurationSettings": [settings(status="pending")]},
    ],
)
def test_an_answer_that_leaves_out_what_is_deployed_says_nothing(answer: dict[str, Any]) -> None:
    assert settings_in(answer) is None


# Through the functions


@pytest.fixture
def shop(estate: Estate, authorities: Authorities) -> tuple[str, Environment]:
    """A copy on RSA that an environment presents, and new EC material in its secret."""
    estate.environment |= ALL_KINDS
    issue = authorities.public.issue
    rsa = issue("shop.example.com", key=shared_key("rsa2048"))
    estate.secret("shop", rsa, {tags.REGIONS: HOME})
    estate.run()
    (old,) = estate.certificates(HOME)
    environment = fake.environment(estate.aws, client, HOME, old)
    estate.renew("shop", issue("shop.example.com"))
    return old, environment


def test_a_replacement_waits_for_the_update_and_then_supersedes_the_old_copy(
    estate: Estate, shop: tuple[str, Environment]
) -> None:
    old, environment = shop
    estate.aws.behaviour.deployments = "when_told"
    first = estate.run()
    (new,) = set(estate.certificates(HOME)) - {old}
    assert first.rotation(SHOP)["status"] == "waiting"
    assert tags.SUPERSEDED_BY not in estate.tags(old)
    assert "DEPENDENT_DRIFTS" in first.codes(SHOP)

    estate.aws.finish_deployments()
    assert estate.run().rotation(SHOP)["status"] == "done"
    assert fake.presented(client, environment.arn) == {new}
    assert estate.tags(old)[tags.SUPERSEDED_BY] == new
    assert fake.SECRET not in "".join(first.lines), "a value of an environment variable"


def test_without_the_kind_nobody_asks_elastic_beanstalk_and_the_owner_is_named(
    estate: Estate, shop: tuple[str, Environment]
) -> None:
    del estate.environment["CERTROTATION_DEPENDENTS"]
    estate.aws.calls.clear()
    run = estate.run()
    (finding,) = [
        each
        for region in run.rotation(SHOP)["regions"]
        for each in region["findings"]
        if each["code"] == "DEPENDENT_UNMOVABLE"
    ]
    assert "Elastic Beanstalk would put the old one back" in finding["found"]
    assert estate.certificates(HOME) == [shop[0]]
    assert not estate.aws.calls_of("elasticbeanstalk")


def test_a_denied_update_strands_the_environment_and_keeps_the_old_copy(
    estate: Estate, shop: tuple[str, Environment]
) -> None:
    old, environment = shop
    estate.aws.behaviour.denied.add(("elasticbeanstalk", UPDATE, None))
    run = estate.run()
    (region,) = run.rotation(SHOP)["regions"]
    assert run.rotation(SHOP)["status"] == "stranded"
    assert f"Elastic Beanstalk environment {environment.arn}" in region["stranded"][0]
    assert tags.SUPERSEDED_BY not in estate.tags(old)


# What the gate of the end-to-end run makes of its calls


def test_the_gate_asks_for_the_environment_by_its_arn() -> None:
    arn = f"arn:aws:elasticbeanstalk:eu-west-1:{ACCOUNT}:environment/My shop/prod"
    named = {"ApplicationName": "My shop", "EnvironmentName": "prod"}
    assert asked("update_environment", **named) == Ask(
        action="elasticbeanstalk:UpdateEnvironment", resource=arn, tagged=arn
    )
    assert asked("describe_configuration_settings", **named).resource == arn
    assert asked("list_tags_for_resource", ResourceArn=arn).resource == arn
    assert asked("describe_environments", EnvironmentIds=["e-1"]).resource == arn.replace(
        "My shop/prod", "any/any"
    )


def asked(operation: str, **parameters: Any) -> Ask:
    request, _ = call("elasticbeanstalk", operation, Answer.of_text(500, ""), **parameters)
    (ask,) = asks(request, Caller.of(request.headers["Authorization"]))
    return ask
