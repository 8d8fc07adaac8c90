"""What a role needs for one kind of dependent, as data: the infrastructure makes policies of it."""

from __future__ import annotations

from typing import NamedTuple

NO_FINER = "These actions know no resource (Service Authorization Reference)."
PRESENTED = "Which of the account's present a copy is known only at run time."


# An ARN in which one of these stands is repeated for each Region, or for each element of the
# setting `edge_functions` or `log_buckets`. Without elements nothing is granted.
TARGET_REGION = "{region}"
CONSUMER_REGION = "{consumer_region}"
ANY_REGION = "{any_region}"
"""A target Region, or a consumer Region if certificates of CloudFront's Region are rotated."""
EDGE_FUNCTION = "{edge_function}"
LOG_BUCKET = "{log_bucket}"


ELASTICBEANSTALK_ADMINISTRATOR = "AdministratorAccess-AWSElasticBeanstalk"
"""AWS's managed policy with what a caller needs on the services behind an environment.

Elastic Beanstalk Developer Guide, "Managing Elastic Beanstalk user policies". Which part of it an
update of a listener needs is not documented. It is attached only if a person asks for it.
"""


class Statement(NamedTuple):
    """A statement that allows actions."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    """ARNs, in which {partition} and {account} stand, and at most one of the names above."""
    any_because: str
    """Why the wildcards in `resources` can be no finer."""
    is_limited_by_tag: bool = False
    """Whether the setting `dependents_tag` limits it to resources that carry the tag."""

    for_edge_with: str = ""
    """The kind that must be configured as well. Such a statement is granted only if certificates of
    CloudFront's Region are rotated, and if no tag limits which dependents may be changed."""

    @property
    def names_settings(self) -> bool:
        """Whether a person names each resource in a setting that is empty by default."""
        return all(EDGE_FUNCTION in each or LOG_BUCKET in each for each in self.resources)
