"""Who calls: the deployed functions' roles and their policies, as ministack's IAM has them."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

POLICIES_LAST = 0.5
"""Seconds for which a role's policies are not read again."""


class Credentials(NamedTuple):
    """What a function signs with, or an account's own."""

    key: str
    secret: str
    token: str | None
    """An account's own have none."""

    @classmethod
    def of(cls, function_arn: str, role_arn: str) -> Credentials:
        """Derive a function's as ministack's local Lambda does.

        Source: its core/lambda_runtime.py, execution_credentials.
        """
        digest = _sha256(f"{function_arn}:{role_arn}")
        return cls(
            key=f"ASIA{digest[:16].upper()}",
            secret=_sha256(f"secret:{digest}"),
            token=_sha256(f"token:{digest}"),
        )


class Session(NamedTuple):
    """A function's role, as it calls."""

    role: str
    """The role's name."""
    function: str
    arn: str
    """Of the assumed role."""
    credentials: Credentials

    @property
    def account(self) -> str:
        """The account of the role."""
        return self.arn.split(":")[4]


class UnknownCallerError(LookupError):
    """No function of the accounts has this key."""


@dataclass(frozen=True, slots=True)
class _Read:
    at: float
    documents: Sequence[Mapping[str, Any]]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Roles:
    """The roles of the functions in one or more accounts."""

    def __init__(self, client: Callable[[str, str], Any], accounts: Sequence[str]) -> None:
        """`client` makes a boto3 client of an account's own, by service and account."""
        self._client = client
        self._accounts = accounts
        self._sessions: dict[str, Session] = {}
        self._documents: dict[tuple[str, str], _Read] = {}
        self._lock = Lock()

    def session(self, key: str) -> Session:
        """Return whose session an access key id is.

        Raises:
            UnknownCallerError: nobody's.
        """
        with self._lock:
            if key not in self._sessions:
                self._sessions = dict(map(_session, self._functions()))
            if key not in self._sessions:
                raise UnknownCallerError(f"{key} is no function's key")
            return self._sessions[key]

    def documents(self, session: Session) -> Sequence[Mapping[str, Any]]:
        """Return the policy documents of a session's role, inline and managed."""
        role = (session.account, session.role)
        with self._lock:
            known = self._documents.get(role)
            if known is None or time.monotonic() - known.at > POLICIES_LAST:
                iam = self._client("iam", session.account)
                known = _Read(time.monotonic(), policies(iam, session.role))
                self._documents[role] = known
            return known.documents

    def _functions(self) -> list[Mapping[str, Any]]:
        return [
            each
            for account in self._accounts
            for page in self._client("lambda", account).get_paginator("list_functions").paginate()
            for each in page["Functions"]
        ]


def policies(iam: Any, role: str) -> list[Mapping[str, Any]]:
    """Return a role's policy documents, inline and managed, as the IAM client reads them."""
    inline = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    return [*inline, *(managed_policy(iam, each["PolicyArn"]) for each in attached)]


def managed_policy(iam: Any, arn: str) -> Mapping[str, Any]:
    """Return the document that a managed policy has now."""
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    read = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    document: Mapping[str, Any] = read["PolicyVersion"]["Document"]
    return document


def _session(function: Mapping[str, Any]) -> tuple[str, Session]:
    role, name = function["Role"].rpartition("/")[2], function["FunctionName"]
    account = function["Role"].split(":")[4]
    credentials = Credentials.of(function["FunctionArn"], function["Role"])
    arn = f"arn:aws:sts::{account}:assumed-role/{role}/{name}"
    session = Session(role=role, function=name, arn=arn, credentials=credentials)
    return credentials.key, session
