"""The link by which a monitoring account sees this account's metrics."""

import aws_cdk as cdk
from aws_cdk import aws_oam as oam
from constructs import Construct

from certrotation.names.metrics import NAMESPACE


class AccountLink(Construct):
    """Shows the metrics of this service, and nothing else, to the account of a sink.

    In the monitoring account itself there is no link: an account sees its own metrics. A StackSet
    deploys the same template there.
    """

    def __init__(self, scope: Construct, construct_id: str, *, sink: str) -> None:
        super().__init__(scope, construct_id)
        monitoring_account = sink.split(":")[4]
        link = oam.CfnLink(
            self,
            "Link",
            sink_identifier=sink,
            resource_types=["AWS::CloudWatch::Metric"],
            label_template="$AccountName",
            link_configuration=oam.CfnLink.LinkConfigurationProperty(
                metric_configuration=oam.CfnLink.LinkFilterProperty(
                    filter=f"Namespace = '{NAMESPACE}'"
                )
            ),
        )
        link.cfn_options.condition = cdk.CfnCondition(
            self,
            "IsElsewhere",
            expression=cdk.Fn.condition_not(
                cdk.Fn.condition_equals(cdk.Aws.ACCOUNT_ID, monitoring_account)
            ),
        )
