"""Resources that may present a certificate and whose ARN this service does not change.

They are recognised by the ARN that ACM names, without any right to read them. Where AWS fronts a
service, ACM names a load balancer or a distribution of AWS's own account, and several kinds may be
meant.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

_BALANCER, _DISTRIBUTION = "elasticloadbalancing", "cloudfront"
"""The services whose resources of AWS's own account ACM names."""


class Holder(NamedTuple):
    """One kind of resource that holds the ARN of a certificate."""

    name: str
    arn: str
    """How ACM names it: a pattern with asterisks, in which {account} is the certificate's account.

    The form is that of the Service Authorization Reference. Whether ACM uses it is inferred, but
    for IAM roles, which users have seen."""
    why: str
    """Why its ARN is not changed from here."""
    remedy: str
    """What a person can do."""
    command: str
    """What finds it."""
    source: str
    behind: tuple[str, ...] = ()
    """The services under whose ARNs of AWS's own account it may be hidden."""


_NO_CALL = "AWS has no call that changes its certificate"
_NOT_DONE = "this service does not change it"

HOLDERS = (
    Holder(
        "custom domain of API Gateway",
        "arn:*:apigateway:*:*:/domainnames/*",
        "no configured kind of dependent explains it",
        "Add apigateway to the setting dependents, or set the new ARN with UpdateDomainName",
        "aws apigateway get-domain-names",
        "API Gateway Developer Guide, Set up custom domain names; InUseBy: sst issue 5462, Zappa"
        " issue 1874",
        (_BALANCER, _DISTRIBUTION),
    ),
    Holder(
        "custom domain of a Cognito user pool",
        "arn:*:cognito-idp:*:{account}:userpool/*",
        "no configured kind of dependent explains it",
        "Add cognito to the setting dependents, or set the new ARN with UpdateUserPoolDomain",
        "aws cognito-idp list-user-pools --max-results 60",
        "Cognito API Reference, UpdateUserPoolDomain; InUseBy: aws-cdk issue 28063",
        (_DISTRIBUTION,),
    ),
    Holder(
        "custom domain of AppSync",
        "arn:*:appsync:*:{account}:domainnames/*",
        _NO_CALL,
        "Delete the domain name and create it anew with the new certificate, when users can do"
        " without it",
        "aws appsync list-domain-names",
        "AppSync API Reference, UpdateDomainName",
        (_DISTRIBUTION,),
    ),
    Holder(
        "custom domain of Amplify Hosting",
        "arn:*:amplify:*:{account}:apps/*",
        f"{_NOT_DONE}: the call starts a workflow that verifies the domain again",
        "Set the new ARN with UpdateDomainAssociation",
        "aws amplify list-domain-associations --app-id <id>",
        "Amplify API Reference, UpdateDomainAssociation",
        (_DISTRIBUTION,),
    ),
    Holder(
        "portal of API Gateway",
        "arn:*:apigateway:*:{account}:/portals/*",
        _NOT_DONE,
        "Set the new ARN with UpdatePortal",
        "aws apigatewayv2 list-portals",
        "API Gateway V2 API Reference, UpdatePortal",
        (_DISTRIBUTION,),
    ),
    Holder(
        "client certificate of a stage of a REST API",
        "arn:*:apigateway:*:*:/restapis/*",
        f"{_NOT_DONE}: the stage presents the certificate to its backend, as a client",
        "Give the stage the new certificate, after the backend trusts it",
        "aws apigateway get-stages --rest-api-id <id>",
        "API Gateway Developer Guide, rest-api-acm-client-certificates",
    ),
    Holder(
        "distribution tenant of CloudFront",
        "arn:*:cloudfront::{account}:distribution-tenant/*",
        _NOT_DONE,
        "Set the new ARN with UpdateDistributionTenant",
        "aws cloudfront list-distribution-tenants-by-customization --certificate-arn <arn>",
        "CloudFront API Reference, UpdateDistributionTenant",
    ),
    Holder(
        "custom endpoint of an OpenSearch domain",
        "arn:*:es:*:{account}:domain/*",
        f"{_NOT_DONE}: the change may start a blue/green deployment",
        "Set the new ARN with UpdateDomainConfig, first as a dry run",
        "aws opensearch list-domain-names",
        "OpenSearch Service Developer Guide, Making configuration changes",
        (_BALANCER,),
    ),
    Holder(
        "Client VPN endpoint",
        "arn:*:ec2:*:{account}:client-vpn-endpoint/*",
        f"{_NOT_DONE}: what becomes of connected clients is not documented",
        "Set the new ARN with ModifyClientVpnEndpoint; only RSA keys of 1024 and 2048 bits are"
        " accepted",
        "aws ec2 describe-client-vpn-endpoints",
        "AWS Client VPN Administrator Guide, Client authentication; EC2 API Reference,"
        " ModifyClientVpnEndpoint",
    ),
    Holder(
        "Verified Access endpoint",
        "arn:*:ec2:*:{account}:verified-access-endpoint/*",
        _NO_CALL,
        "Create an endpoint with the new certificate and point the domain at it",
        "aws ec2 describe-verified-access-endpoints",
        "EC2 API Reference, ModifyVerifiedAccessEndpoint",
        (_BALANCER,),
    ),
    Holder(
        "customer gateway",
        "arn:*:ec2:*:{account}:customer-gateway/*",
        _NO_CALL,
        "Create a customer gateway with the new certificate, and modify the VPN connection",
        "aws ec2 describe-customer-gateways",
        "EC2 API Reference, CreateCustomerGateway",
    ),
    Holder(
        "FTPS server of Transfer Family",
        "arn:*:transfer:*:{account}:server/*",
        _NOT_DONE,
        "Set the new ARN with UpdateServer",
        "aws transfer list-servers",
        "Transfer Family API Reference, UpdateServer",
        (_BALANCER,),
    ),
    Holder(
        "VPC Lattice service",
        "arn:*:vpc-lattice:*:{account}:service/*",
        _NOT_DONE,
        "Set the new ARN with UpdateService; only RSA keys of 2048 bits are accepted",
        "aws vpc-lattice list-services",
        "VPC Lattice User Guide, Bring your own certificate",
    ),
    Holder(
        "custom domain of a Redshift cluster",
        "arn:*:redshift:*:{account}:cluster:*",
        _NOT_DONE,
        "Set the new ARN with ModifyCustomDomainAssociation",
        "aws redshift describe-custom-domain-associations --custom-domain-certificate-arn <arn>",
        "Redshift API Reference, ModifyCustomDomainAssociation",
        (_BALANCER,),
    ),
    Holder(
        "custom domain of Redshift Serverless",
        "arn:*:redshift-serverless:*:{account}:workgroup/*",
        _NOT_DONE,
        "Set the new ARN with UpdateCustomDomainAssociation",
        "aws redshift-serverless list-custom-domain-associations --custom-domain-certificate-arn"
        " <arn>",
        "Redshift Serverless API Reference, UpdateCustomDomainAssociation",
        (_BALANCER,),
    ),
    Holder(
        "TLS inspection of Network Firewall",
        "arn:*:network-firewall:*:{account}:tls-configuration/*",
        f"{_NOT_DONE}: the call replaces the whole configuration",
        "Set the new ARN with UpdateTLSInspectionConfiguration, together with everything else",
        "aws network-firewall list-tls-inspection-configurations",
        "Network Firewall API Reference, UpdateTLSInspectionConfiguration",
    ),
    Holder(
        "domain configuration of IoT Core",
        "arn:*:iot:*:{account}:domainconfiguration/*",
        _NO_CALL,
        "Create a domain configuration with the new certificate",
        "aws iot list-domain-configurations",
        "IoT API Reference, UpdateDomainConfiguration",
        (_BALANCER,),
    ),
    Holder(
        "managed endpoint of EMR on EKS",
        "arn:*:emr-containers:*:{account}:/virtualclusters/*",
        _NO_CALL,
        "Create a managed endpoint with the new certificate",
        "aws emr-containers list-managed-endpoints --virtual-cluster-id <id>",
        "EMR on EKS API Reference, CreateManagedEndpoint",
    ),
    Holder(
        "Nitro Enclaves, by the IAM role of their instances",
        "arn:*:iam::{account}:role/*",
        _NOT_DONE,
        "Associate the role with the new ARN (AssociateEnclaveCertificateIamRole), and disassociate"
        " the old one",
        "aws ec2 get-associated-enclave-certificate-iam-roles --certificate-arn <arn>",
        "EC2 API Reference, AssociateEnclaveCertificateIamRole; InUseBy: blog of Serverworks",
    ),
    Holder(
        "virtual node or gateway of App Mesh",
        "arn:*:appmesh:*:{account}:mesh/*",
        _NOT_DONE,
        "Set the new ARN with UpdateVirtualNode or UpdateVirtualGateway",
        "aws appmesh list-meshes",
        "App Mesh API Reference, UpdateVirtualGateway",
    ),
    Holder(
        "gateway of RTB Fabric",
        "arn:*:rtbfabric:*:{account}:gateway/*",
        _NOT_DONE,
        "Associate the new ARN with AssociateCertificate",
        "aws rtbfabric list-responder-gateways",
        "RTB Fabric API Reference, AssociateCertificate",
    ),
    Holder(
        "S/MIME certificate of an SES identity",
        "arn:*:ses:*:{account}:identity/*",
        _NOT_DONE,
        "Associate the new certificate with the identity",
        "aws sesv2 list-email-identities",
        "SES API v2 Reference, AssociateEmailIdentityCertificate",
    ),
    Holder(
        "content encryption of MediaPackage or MediaConvert",
        "arn:*:media*:*:{account}:*",
        f"{_NOT_DONE}: the certificate encrypts keys of a DRM provider",
        "Give the provider and the resource the new certificate at the same time",
        "aws mediapackage list-origin-endpoints",
        "MediaPackage User Guide, Content key encryption",
    ),
    Holder(
        "signing profile of AWS Signer",
        "arn:*:signer:*:{account}:/signing-profiles/*",
        f"{_NOT_DONE}: it signs with the certificate",
        "Create a signing profile with the new certificate",
        "aws signer list-signing-profiles",
        "Signer API Reference, PutSigningProfile",
    ),
)


def holder_of(certificate_arn: str, user_arn: str) -> Holder | None:
    """Return what a user is, by its ARN alone, or None if no row of the table has that form."""
    account = certificate_arn.split(":", 5)[4]
    for each in HOLDERS:
        if fnmatchcase(user_arn, each.arn.format(account=account)):
            return each
    return None


def hidden_behind(user_arn: str) -> tuple[Holder, ...]:
    """Return what may be behind a load balancer or a distribution of AWS's own account."""
    service = user_arn.split(":", 5)[2:3]
    return tuple(each for each in HOLDERS if service and service[0] in each.behind)
