"""Judges rows: by themselves, together through the handlers, and against what is live."""

from __future__ import annotations

import json
import re
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from certrotation.core.findings import refusals
from certrotation.core.material.checks import inspect_secret
from certrotation.core.material.decoding import UnreadableSecretError
from certrotation.core.material.secret_format import LARGEST_VALUE, parse_secret
from tests.hostile.corpus.leaks import leaks, passphrase_of, pieces_of
from tests.hostile.corpus.material import NOW, ROOTS, TRUSTED
from tests.hostile.corpus.row import Outcome
from tests.simulation.clock import virtual_time
from tests.simulation.estate import HOME, PREFIX, account, client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certrotation.core.material.bundle import Material
    from certrotation.core.material.checks import Inspection
    from tests.hostile.corpus.row import Row, Verdict
    from tests.simulation.estate import Estate

PUBLIC_NAMES = {each.subject for each in TRUSTED}
UNREADABLE = frozenset({"SECRET_MALFORMED", "IDENTITY_AMBIGUOUS", "LEAF_MISSING", "KEY_ENCRYPTED"})
"""With these codes there is no material to compare with what is live."""


@dataclass(kw_only=True)
class Judgement:
    """What became of a row, and which promises it broke."""

    name: str
    expected: Verdict
    subject: object = None
    """What was judged: two rows of one subject are one row."""
    wrong: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)

    @property
    def is_broken(self) -> bool:
        """Whether any promise broke."""
        return bool(self.wrong or self.crashes or self.leaks)


def judge(row: Row) -> Judgement:
    """Read and check a secret by itself, and compare with the verdict that it must get."""
    subject = (row.value.text, row.value.binary, row.at)
    judgement = Judgement(name=row.name, expected=row.expected, subject=subject)
    try:
        inspection = inspect_secret(row.value, ROOTS, row.at)
        said = _said(row, inspection)
    except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
        judgement.crashes.append(repr(error))
        return judgement
    findings = [each.to_json() for each in inspection.findings]
    judgement.wrong = compare(row.expected, findings)
    if not judgement.wrong:
        judgement.wrong = _compare_inspection(row, inspection)
    judgement.leaks = leaks(said, pieces_of(row.value), _whole(row))
    return judgement


def _said(row: Row, inspection: Inspection) -> str:
    said = [repr(row.value), repr(inspection), *map(str, inspection.findings)]
    try:
        said.append(repr(parse_secret(row.value)))
    except UnreadableSecretError as error:
        said += [repr(error), *traceback.format_exception(error)]
    said += [json.dumps(each.to_json()) for each in inspection.findings]
    return "\n".join(said)


def _whole(row: Row) -> tuple[str, ...]:
    found = passphrase_of(row.value)
    return (found,) if found else ()


def compare(expected: Verdict, findings: Sequence[Mapping[str, str]]) -> list[str]:
    """Return where the findings, as JSON, differ from the verdict."""
    refused = {each["code"] for each in findings if each["severity"] == "refuse"}
    everything = {each["code"] for each in findings}
    wrong = [
        f"no sentence: {each}"
        for each in findings
        if not each["found"].endswith(".") or not each["remedy"]
    ]
    if expected.outcome is Outcome.REFUSED:
        if refused != expected.codes:
            wrong.append(f"refused with {sorted(everything)}, not {sorted(expected.codes)}")
        elif not _says_it(expected, [each for each in findings if each["severity"] == "refuse"]):
            wrong.append(f"does not say {expected.says!r}: {[each['found'] for each in findings]}")
        return wrong
    if not _says_it(expected, findings):
        wrong.append(f"does not say {expected.says!r}: {[each['found'] for each in findings]}")
    if everything != expected.codes or refused:
        wrong.append(f"{expected.outcome} with {sorted(everything)}, not {sorted(expected.codes)}")
    if outcome_of(findings) is not expected.outcome:
        wrong.append(f"{outcome_of(findings)}, not {expected.outcome}")
    return wrong


def _says_it(expected: Verdict, findings: Sequence[Mapping[str, str]]) -> bool:
    sentence = re.compile(rf"(?<!\w){re.escape(expected.says)}")
    return not expected.says or any(sentence.search(each["found"]) for each in findings)


def outcome_of(findings: Sequence[Mapping[str, str]]) -> Outcome:
    """Return what the worst of the findings means."""
    severities = {each["severity"] for each in findings}
    for severity, outcome in {
        "refuse": Outcome.REFUSED,
        "warn": Outcome.WARNED,
        "repair": Outcome.REPAIRED,
    }.items():
        if severity in severities:
            return outcome
    return Outcome.LIVE


def _compare_inspection(row: Row, inspection: Inspection) -> list[str]:
    if row.expected.outcome is not Outcome.REFUSED:
        return _compare_material(row, inspection)
    return [] if _has_the_right_material(row.expected, inspection.material) else ["material"]


def _has_the_right_material(expected: Verdict, material: Material | None) -> bool:
    """Return whether a refused secret has material exactly if it can be compared."""
    if material is None:
        return bool(expected.codes & (UNREADABLE | {"KEY_UNSUPPORTED"}))
    return not expected.codes & UNREADABLE and material.key_algorithm is not None


def _compare_material(row: Row, inspection: Inspection) -> list[str]:
    expected, material = row.expected, inspection.material
    if material is None or refusals(inspection.findings):
        return ["no material"]
    wrong = _compare_chain(expected, material)
    if expected.names is not None and material.names != expected.names:
        wrong.append(f"serves {sorted(material.names)}, not {sorted(expected.names)}")
    if expected.leaf not in {None, material.leaf}:
        wrong.append(f"goes live with another certificate: {material.leaf}")
    if material.private_key.public_key() != material.leaf.public_key():
        wrong.append("goes live with another key")
    above = (material.leaf, *material.chain)
    if material.anchor.public is not any(each.issuer in PUBLIC_NAMES for each in above):
        wrong.append(f"ends at {material.anchor}")
    if material.version != row.value.version:
        wrong.append(f"is version {material.version}")
    starts = material.leaf.not_valid_before_utc if expected.waits else None
    if inspection.valid_from != starts:
        wrong.append(f"waits until {inspection.valid_from}, not {starts}")
    return wrong


def _compare_chain(expected: Verdict, material: Material) -> list[str]:
    if material.chain == expected.chain:
        return []
    subjects = [each.subject.rfc4514_string() for each in material.chain]
    return [f"goes live with another chain: {subjects}"]


def judge_together(rows: Sequence[Row]) -> list[Judgement]:
    """Put the secrets of all refused rows into one account, and let the real handlers run.

    What is to go live is left out: it makes the account large, and says nothing more.
    """
    fit = [
        each
        for each in rows
        if each.expected.outcome is Outcome.REFUSED
        and each.at == NOW
        and 0 < len(each.value.text or each.value.binary or "") <= LARGEST_VALUE
    ]
    names = {f"{PREFIX}row-{number:03}": each for number, each in enumerate(fit)}
    with account_at_noon() as estate:
        for name, each in names.items():
            _create(name, each)
        run = estate.run()
        imports = [each for each in estate.aws.calls if each.operation == "ImportCertificate"]
    outcomes = {each["secret"]: each for each in run.rotations}
    judgements = [_judge_outcome(row, outcomes.get(name)) for name, row in names.items()]
    overall = Judgement(name=f"the log of {len(fit)} refused secrets", expected=fit[0].expected)
    overall.wrong = [f"{len(imports)} imports"] if imports else []
    secrets = set[str]().union(*(pieces_of(each.value) for each in fit))
    whole = {each for row in fit for each in _whole(row)}
    overall.leaks = leaks("\n".join(run.lines), secrets, whole)
    return [*judgements, overall]


def _judge_outcome(row: Row, outcome: Mapping[str, Any] | None) -> Judgement:
    judgement = Judgement(name=f"{row.name}, through the handlers", expected=row.expected)
    if outcome is None:
        judgement.crashes.append("no outcome was logged")
        return judgement
    judgement.wrong = compare(row.expected, findings_of(outcome))
    if outcome["status"] != "refused":
        judgement.wrong.append(f"ended {outcome['status']}")
    return judgement


def findings_of(outcome: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """Return the findings of a logged outcome, the Regions' among them."""
    regional = [each for region in outcome["regions"] for each in region["findings"]]
    return [*outcome["findings"], *regional]


def _create(name: str, row: Row) -> None:
    value: dict[str, Any] = (
        {"SecretBinary": row.value.binary}
        if row.value.text is None
        else {"SecretString": row.value.text}
    )
    client("secretsmanager", HOME).create_secret(Name=name, **value)


@contextmanager
def account_at_noon(region: str = HOME) -> Iterator[Estate]:
    """An account under certrotation in one Region, at the table's time."""
    with virtual_time(NOW), account(region, roots=TRUSTED) as estate:
        yield estate
