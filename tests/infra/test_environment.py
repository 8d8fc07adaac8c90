from certrotation.aws.dependents.registry import DEFAULT
from infra.config import StackConfig
from infra.service.environment import function_environment


def test_a_file_of_public_roots_is_read_from_the_asset() -> None:
    config = StackConfig(target_regions=("eu-west-1",), public_roots_file="corp/roots.pem")
    given = function_environment(config, queue_url="https://queue", warning_topic_arn="arn")
    assert given["CERTROTATION_PUBLIC_ROOTS_FILE"] == "/var/task/public-roots.pem"


def test_settings_that_nobody_gave_stay_with_the_functions_own_defaults() -> None:
    """The kinds of dependents are said all the same: the role is granted these, and no others."""
    config = StackConfig(target_regions=("eu-west-1", "us-east-1"))
    assert function_environment(config, queue_url="https://queue", warning_topic_arn="arn") == {
        "CERTROTATION_TARGET_REGIONS": "eu-west-1,us-east-1",
        "CERTROTATION_SECRET_PREFIX": "certrotation/",
        "CERTROTATION_QUEUE_URL": "https://queue",
        "CERTROTATION_WARNING_TOPIC_ARN": "arn",
        "CERTROTATION_SCAN_INTERVAL_MINUTES": "60",
        "CERTROTATION_MODE": "apply",
        "CERTROTATION_DEPENDENTS": ",".join(DEFAULT),
        "POWERTOOLS_SERVICE_NAME": "certrotation",
    }
