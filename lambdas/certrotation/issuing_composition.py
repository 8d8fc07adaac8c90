"""Makes what the issue function works with; scan and rotate need none of it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from certrotation.aws.account_secret import AccountSecret
from certrotation.aws.clients import client_of, forget_failed_tries, made_on_first_use
from certrotation.aws.issuing_secrets import IssuedSecrets
from certrotation.aws.private_ca import NoZones, PrivateCa
from certrotation.aws.zones import Route53Zones, zones_client
from certrotation.names.issuers import AcmeIssuer
from certrotation.names.service import account_secret_name
from certrotation.workflows.issuing_ports import Issuer, Issuing

if TYPE_CHECKING:
    import boto3

    from certrotation.names.issuers import PrivateCaIssuer
    from certrotation.settings import Settings


def compose_issuing(
    settings: Settings, session: boto3.Session, *, function_arn: str | None, stack: str
) -> Issuing:
    """Make every adapter of the issuance; a client is made when it is first used.

    Args:
        settings: the issuers, and the prefix of managed secrets.
        session: whose credentials and clients are used.
        function_arn: the function that Secrets Manager calls.
        stack: the stack's name, with which the names of the accounts' secrets begin.
    """
    forget_failed_tries(session)
    home = settings.home_region
    secrets = client_of(session, "secretsmanager", home)
    issuers = {each.name: each for each in settings.issuers}

    @cache
    def issuer(name: str) -> Issuer:
        each = issuers[name]
        if not isinstance(each, AcmeIssuer):
            return _private(each, session)
        # The library of ACME is the longest import: a look that asks no such CA does without it.
        from certrotation.issuers.acme import AcmeCa  # noqa: PLC0415  see above
        from certrotation.issuers.acme_client import Network  # noqa: PLC0415  see above

        account = AccountSecret(secrets, account_secret_name(stack, name))
        network = Network(each.directory, each.ca_file)
        route53 = made_on_first_use(lambda: zones_client(session, home, each.dns_role))
        return Issuer(
            ca=AcmeCa(each, account, network),
            zones=Route53Zones(route53, each.zones, dict(each.aliases)),
        )

    return Issuing(
        secrets=IssuedSecrets(secrets, settings.secret_prefix, function_arn), issuer=issuer
    )


def _private(issuer: PrivateCaIssuer, session: boto3.Session) -> Issuer:
    """Make the issuer of a private CA, in the Region of the CA; it validates nothing in DNS."""
    client = client_of(session, "acm-pca", issuer.region)
    return Issuer(
        ca=PrivateCa(issuer, client, lambda: datetime.now(UTC)),
        zones=NoZones(),
        has_common_name=True,
    )
