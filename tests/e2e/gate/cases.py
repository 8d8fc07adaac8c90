"""What IAM's User Guide says of conditions, case by case.

Sources: "IAM JSON policy elements: Condition operators", "Conditions with multiple context keys or
values" and "Single-valued vs. multivalued context keys". Every end-to-end run asks the evaluator
all of them, since it is installed there alone; only operators that stand here may be in a policy.
"""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """One condition."""

    operator: str
    actual: tuple[str, ...] | None
    """The values of the context key; None if the request has no such key."""
    expected: tuple[str, ...]
    because: str


HOLDING = (
    Case("StringEquals", ("a",), ("a",), "equal"),
    Case("StringEquals", ("a",), ("b", "a"), "one of the values is enough"),
    Case("StringEquals", ("a*",), ("a*",), "no wildcards"),
    Case("StringNotEquals", ("a",), ("b",), "different"),
    Case("StringNotEquals", None, ("a",), "an absent key does not match"),
    Case("StringLike", ("tls/shop",), ("tls/*",), "the wildcard takes the rest"),
    Case("StringLike", ("a.b",), ("a?b",), "one character"),
    Case("StringNotLike", ("other/shop",), ("tls/*",), "it does not match"),
    Case("StringNotLike", ("TLS/shop",), ("tls/*",), "the case counts"),
    Case("StringNotLike", None, ("tls/*",), "an absent key does not match"),
    Case("StringLikeIfExists", None, ("tls/*",), "absent, and so not asked about"),
    Case("StringNotLikeIfExists", None, ("tls/*",), "absent, and so not asked about"),
    Case("Null", None, ("true",), "it is absent"),
    Case("Null", ("",), ("false",), "present, though empty"),
    Case("Bool", ("true",), ("true",), "equal"),
    Case("Bool", ("True",), ("true",), "JSON's and Python's spelling are one"),
    Case("BoolIfExists", None, ("false",), "absent, and so not asked about"),
    Case("ForAllValues:StringEquals", ("a", "b"), ("a", "b", "c"), "all are listed"),
    Case("ForAllValues:StringEquals", None, ("a",), "true of no values at all"),
    Case("ForAllValues:StringLike", ("t:a", "t:b"), ("t:*",), "all match"),
    Case("ForAnyValue:StringEquals", ("a", "d"), ("d",), "one is listed"),
    Case(
        "ArnLike",
        ("arn:aws:iam::123456789012:role/a",),
        ("arn:aws:iam::123456789012:role/*",),
        "the last segment has the wildcard",
    ),
    Case(
        "ArnEquals",
        ("arn:aws:lambda:eu-west-1:123456789012:function:a",),
        ("arn:aws:lambda:eu-west-1:123456789012:function:a",),
        "equal",
    ),
    Case(
        "ArnNotEquals",
        ("arn:aws:iam::123456789012:role/a",),
        ("arn:aws:iam::123456789012:role/b",),
        "different",
    ),
)
FAILING = (
    Case("StringEquals", ("A",), ("a",), "the case counts"),
    Case("StringEquals", ("ab",), ("a*",), "no wildcards"),
    Case("StringEquals", None, ("a",), "an absent key does not match"),
    Case("StringNotEquals", ("a",), ("b", "a"), "none of the values may match"),
    Case("StringLike", ("TLS/shop",), ("tls/*",), "the case counts"),
    Case("StringLike", ("tls2/shop",), ("tls/*",), "the slash is part of the prefix"),
    Case("StringLike", ("ab",), ("a?b",), "one character, not none"),
    Case("StringLike", ("axb",), ("a.b",), "a dot is a dot"),
    Case("StringLike", None, ("*",), "an absent key does not match, whatever the pattern"),
    Case("StringNotLike", ("tls/shop",), ("tls/*",), "it matches"),
    Case("StringNotLike", ("b/x",), ("a/*", "b/*"), "none of the patterns may match"),
    Case("StringLikeIfExists", ("other",), ("tls/*",), "present, and so asked about"),
    Case("Null", None, ("false",), "it is absent"),
    Case("Null", ("a",), ("true",), "it is present"),
    Case("Bool", ("true",), ("false",), "different"),
    Case("Bool", None, ("false",), "an absent key does not match"),
    Case("ForAllValues:StringEquals", ("a", "d"), ("a", "b", "c"), "one is not listed"),
    Case("ForAllValues:StringLike", ("t:a", "u:b"), ("t:*",), "one does not"),
    Case("ForAllValues:StringNotLike", ("t:a", "u:b"), ("t:*",), "one matches"),
    Case("ForAnyValue:StringEquals", ("a", "b"), ("d",), "none is listed"),
    Case("ForAnyValue:StringEquals", None, ("a",), "false of no values at all"),
    Case("ForAnyValue:StringNotEquals", None, ("a",), "false of no values at all"),
    Case(
        "ArnEquals",
        ("arn:aws:lambda:eu-west-1:123456789012:function:a",),
        ("arn:aws:lambda:eu-west-1:123456789012:function:b",),
        "different",
    ),
    Case("ArnEquals", None, ("arn:aws:iam::123456789012:role/a",), "an absent key does not match"),
    Case(
        "ArnLike",
        ("arn:aws:iam::123456789012:role/a",),
        ("arn:aws:iam:*",),
        "a wildcard does not reach across colons",
    ),
)
