"""The commands that the documents give are commands of AWS's or ours, with parameters they take.

bash runs every block and every `aws ...` of the documents, with an `aws` that only records how it
was called. Each call is then held against botocore's model of the service.
"""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import botocore.session
import click
import jmespath  # type: ignore[import-untyped]  # it has no types
import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, StringShape, StructureShape

from certrotation.cli.commands import certrotation, verb_of
from certrotation.cli.verbs import VERBS
from tests.contracts.test_runbook import SECTIONS, TEXT, blocks
from tests.simulation.estate import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import OperationModel, Shape

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
OWN = "certrotation"
FIRST = "\n".join(
    blocks(SECTIONS[each])[0].text for each in ("Before you begin", "Without the command")
)
"""The runbook's shell functions, which other documents use too."""
(SCAN,) = re.findall(r"^(\w+)\(\) \{[^\n]*\n *aws lambda invoke", FIRST, re.MULTILINE)
FUNCTIONS = [each for each in re.findall(r"^(\w+)\(\)", FIRST, re.MULTILINE) if each != OWN]

BASH = shutil.which("bash") or "/bin/bash"
TOOLS = ("cat", "cp", "cut", "date", "grep", "head", "jq", "sed", "sort", "tail", "tr", "wc")
"""What the blocks may really run; anything else is not found, and does nothing."""

OF_EVERY_COMMAND = frozenset(
    {"--region", "--output", "--query", "--cli-read-timeout", "--cli-input-json"}
)
OF_PAGES = frozenset({"--max-items", "--page-size", "--starting-token"})
TAIL = {"--since", "--format", "--filter-pattern", "--follow"}
OF_THE_COMMAND_LINE = {
    ("cloudformation", "deploy"): (
        {
            "--capabilities",
            "--parameter-overrides",
            "--s3-bucket",
            "--s3-prefix",
            "--stack-name",
            "--template-file",
        },
        0,
    ),
    ("logs", "tail"): (TAIL, 1),
    ("s3", "sync"): (set[str](), 2),
}
"""AWS CLI Command Reference: commands of the CLI's own, their options and positional arguments."""
NAMES_OF_SERVICES = {"s3api": "s3"}
RENAMED = {("Subscribe", "endpoint"): "notification-endpoint"}
"""AWS CLI Command Reference: what the CLI calls otherwise than the API does."""

SESSION = botocore.session.get_session()


class Call(NamedTuple):
    service: str
    operation: str
    options: Mapping[str, list[str]]
    positional: list[str]


# How the documents are run


def recorder(folder: Path, answers: Mapping[str, str]) -> Path:
    """A folder with an `aws` that records its arguments, and the few tools that blocks need."""
    cases = "".join(f"  *' {each} '*) {answer};;\n" for each, answer in answers.items())
    script = (
        f"#!{BASH}\n"
        f"{{ printf '%s\\x1f' \"$@\"; printf '\\x1e'; }} >> {folder}/calls\n"
        f'case " $* " in\n{cases}'
        "  *' --output text '*) echo placeholder;;\n  *) echo '{}';;\nesac\n"
    )
    (folder / "aws").write_text(script, encoding="utf-8")
    (folder / OWN).write_text(
        f"#!{BASH}\n{{ printf '%s\\x1f' \"$@\"; printf '\\x1e'; }} >> {folder}/own\n",
        encoding="utf-8",
    )
    (folder / "sleep").write_text(f"#!{BASH}\n", encoding="utf-8")
    for each in ("aws", OWN, "sleep"):
        (folder / each).chmod(stat.S_IRWXU)
    for tool in TOOLS:
        if found := shutil.which(tool):
            (folder / tool).symlink_to(found)
    for name in ("cert.pem", "chain.pem", "key.pem"):
        (folder / name).write_text("material", encoding="utf-8")
    return folder


def typed(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Let bash run what a person types after the runbook's first block."""
    beginning = re.sub(
        r"^export (\w+)=\.\.\..*$", r"export \1=us-east-1", FIRST, flags=re.MULTILINE
    )
    return subprocess.run(  # noqa: S603  no shell but the one that is under test
        [BASH, "-s"],
        input=f"{beginning}\n{text}\n",
        cwd=folder,
        env={"PATH": str(folder), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def filled_in(text: str) -> str:
    """Put a word where the documents say what is to be put, such as `<secret>`."""
    return re.sub(r"<[a-z][a-z -]*>", "placeholder", text).replace("...", "placeholder")


def commands(document: Path) -> list[str]:
    """Every block of a shell, and every command of AWS's or ours within a sentence."""
    text = document.read_text(encoding="utf-8")
    found = re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`(aws\s+[a-z0-9-]+\s+[a-z][^`]*|certrotation\s+[a-z][^`]*)`", prose)
    return [*found, *(" ".join(each.split()) for each in spans)]


NAMED = re.compile(r"\baws ([a-z0-9-]+)\s+([a-z][a-z-]+)(?=\s|$|\))")


def recorded(file: Path) -> list[list[str]]:
    """The arguments of each call that was recorded in a file."""
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8")
    return [each.split("\x1f")[:-1] for each in text.split("\x1e")[:-1]]


def calls(folder: Path) -> Iterator[Call]:
    for arguments in recorded(folder / "calls"):
        if len(arguments) == 1:
            continue  # `aws --version`
        service, operation, *rest = arguments
        options: dict[str, list[str]] = {}
        positional: list[str] = []
        taking = positional
        for word in rest:
            if re.match(r"--[a-z]", word):
                taking = options.setdefault(word, [])
            else:
                taking.append(word)
        yield Call(service, operation, options, positional)


# What AWS takes


def model(call: Call) -> OperationModel:
    service = SESSION.get_service_model(NAMES_OF_SERVICES.get(call.service, call.service))
    named = {xform_name(each, "-"): each for each in service.operation_names}
    assert call.operation in named, f"aws {call.service} has no {call.operation}"
    return service.operation_model(named[call.operation])


def check(call: Call) -> None:
    """Fail if AWS's command line would refuse the call; without options it is only named."""
    own = OF_THE_COMMAND_LINE.get((call.service, call.operation))
    if own is not None:
        options, positional = own
        assert len(call.positional) == positional
        assert call.options.keys() <= options
        return
    operation = model(call)
    if not call.options:
        return
    taken = dict(options_of(operation))
    files = list(call.positional)
    for option, words in call.options.items():
        if option in taken:
            files += words_left(call, taken[option], words)
        else:
            assert option in of_the_command_line(call), f"{call}: no {option}"
            assert words, call
            files += words[1:]
    assert len(files) == (1 if operation.has_streaming_output else 0), f"{call}: {files}"
    if "--cli-input-json" not in call.options and operation.input_shape is not None:
        given = {each.removeprefix("--").removeprefix("no-") for each in call.options}
        required = {xform_name(each, "-") for each in operation.input_shape.required_members}
        assert required <= given, f"{call}: lacks {required - given}"
    check_query(call, operation)


def of_the_command_line(call: Call) -> frozenset[str]:
    loader = SESSION.get_component("data_loader")
    try:
        name = NAMES_OF_SERVICES.get(call.service, call.service)
        pages = loader.load_service_model(name, "paginators-1")["pagination"]
    except UnknownServiceError:
        pages = {}
    return OF_EVERY_COMMAND | (OF_PAGES if model(call).name in pages else set())


def members(shape: Shape | None) -> Mapping[str, Shape]:
    return shape.members if isinstance(shape, StructureShape) else {}


def options_of(operation: OperationModel) -> Iterator[tuple[str, Shape]]:
    for member, shape in members(operation.input_shape).items():
        name = xform_name(member, "-")
        yield f"--{RENAMED.get((operation.name, name), name)}", shape
        if shape.type_name == "boolean":
            yield f"--no-{name}", shape


def words_left(call: Call, shape: Shape, words: list[str]) -> list[str]:
    """Check an option's value, and return the words that are not of it."""
    match shape:
        case ListShape():
            assert words, call
            for each in words:
                check_word(call, shape.member, each)
            return []
        case _ if shape.type_name == "boolean":
            return words
        case _:
            assert words, call
            check_word(call, shape, words[0])
            return words[1:]


def check_word(call: Call, shape: Shape, word: str) -> None:
    """Check integers, enumerations, and the keys of the shorthand for structures."""
    match shape:
        case StructureShape() if not word.startswith(("{", "[", "file:")):
            keys = set(re.findall(r"(?:^|[,{])(\w+)=", word))
            assert keys, f"{call}: {word}"
            assert keys <= every_name(shape), f"{call}: {word}"
        case StringShape() if shape.enum:
            assert word in shape.enum, f"{call}: {word}"
        case _ if shape.type_name in {"integer", "long"}:
            assert re.fullmatch(r"\d+|placeholder", word), f"{call}: {word}"


def check_query(call: Call, operation: OperationModel) -> None:
    """Check that a `--query` is one, and names what the answer has."""
    for text in call.options.get("--query", ()):
        names = every_name(operation.output_shape)
        fields = set(fields_in(jmespath.compile(text).parsed))
        assert ANY in names or fields <= names, f"{call}: {fields - names}"


ANY = "*"
"""Stands for the keys of a map that may have any."""


def every_name(shape: Shape | None, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the names of all members that a shape has, however deep."""
    if shape is None or shape.name in seen:
        return set()
    seen |= {shape.name}
    match shape:
        case StructureShape():
            below = [every_name(each, seen) for each in shape.members.values()]
            return set(shape.members).union(*below)
        case ListShape():
            return every_name(shape.member, seen)
        case MapShape():
            keys = set(getattr(shape.key, "enum", ())) or {ANY}
            return keys | every_name(shape.value, seen)
        case _:
            return set()


def fields_in(parsed: Mapping[str, object]) -> Iterator[str]:
    if parsed["type"] == "field":
        yield str(parsed["value"])
    children = parsed["children"]
    assert isinstance(children, list)
    for each in children:
        yield from fields_in(each)


# The promises


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return recorder(tmp_path, {})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_block_of_a_document_is_a_script_that_bash_can_read(document: Path) -> None:
    for each in commands(document):
        read = subprocess.run(  # noqa: S603  as above
            [BASH, "-n"], input=filled_in(each), capture_output=True, text=True, check=False
        )
        assert read.returncode == 0, f"{each}\n{read.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_aws_has_each_command_of_a_document_and_takes_its_parameters(
    document: Path, folder: Path
) -> None:
    text = filled_in("\n".join(commands(document)))

    typed(folder, text + "".join(f"\n{each} ScanLogs 3 </dev/null" for each in FUNCTIONS))

    made = list(calls(folder))
    for each in made:
        check(each)
    shown = {*NAMED.findall(text)}
    assert shown <= {(each.service, each.operation) for each in made}


def parse(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line parse arguments; the verb does nothing."""
    for each in VERBS:
        monkeypatch.setattr(verb_of(each), "callback", lambda **_: None)
    certrotation.main(arguments, OWN, standalone_mode=False)


def test_each_command_of_the_runbook_is_one_that_the_command_line_takes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = commands(ROOT / "docs" / "runbook.md")
    text = filled_in("\n".join(each for each in given if each.startswith(f"{OWN} ")))
    monkeypatch.chdir(folder)

    typed(folder, text)

    made = recorded(folder / "own")
    for each in made:
        parse(each, monkeypatch)
        assert each[:2] == ["--stack", "us-east-1"]
    assert {each[2] for each in made} == set(re.findall(rf"\b{OWN} ([a-z]+)", text))
    assert set(VERBS) == {each[2] for each in made}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["show"], id="no such verb"),
        pytest.param(["rotate", "shop", "--follow"], id="no such option"),
        pytest.param(["inventory", "--state", "stale"], id="no such state"),
        pytest.param(["rollback"], id="an argument missing"),
    ],
)
def test_a_command_that_the_command_line_would_refuse_is_noticed(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(click.UsageError):
        parse(arguments, monkeypatch)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("aws acm list-certs", id="no such operation"),
        pytest.param("aws sqs purge-queue --queue url", id="no such parameter"),
        pytest.param("aws sqs send-message --queue-url url", id="a parameter missing"),
        pytest.param("aws acm describe-certificate --certificate-arn", id="a value missing"),
        pytest.param("aws sqs list-queues --query 'QueueUrl[]'", id="not in the answer"),
        pytest.param("aws sqs list-queues --max-results some", id="not a number"),
        pytest.param(
            "aws acm add-tags-to-certificate --certificate-arn a --tags Name=a", id="no such key"
        ),
    ],
)
def test_a_command_that_aws_would_refuse_is_noticed(command: str, folder: Path) -> None:
    typed(folder, command)
    (call,) = calls(folder)

    with pytest.raises((AssertionError, ValueError)):
        check(call)


def test_the_functions_that_the_runbook_tells_to_call_are_those_that_it_defines() -> None:
    defined = {*FUNCTIONS}

    assert set(re.findall(r"`(\w+) <secret>`", TEXT)) - {"refused"} <= defined  # a mail's subject
    assert set(re.findall(r"\$\((\w+) \w+\)", TEXT)) <= defined


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq")
def test_the_runbooks_functions_ask_and_show_what_they_say(
    tmp_path: Path, estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    (summary,) = estate.scan().scans
    (tmp_path / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    row = [{"field": "@message", "value": "a line"}, {"field": "@ptr", "value": "x"}]
    (tmp_path / "rows.json").write_text(
        json.dumps({"status": "Complete", "results": [row]}), encoding="utf-8"
    )
    answers = {
        "describe-stacks": 'echo "output-of-the-stack"',
        "get-query-results": "cat rows.json",
        "invoke": "cp summary.json scan.json",
    }

    shown = typed(
        recorder(tmp_path, answers), f"{SCAN}; last certrotation/shop; rotate certrotation/shop"
    )

    assert shown.returncode == 0, shown.stderr
    assert f'"{PREFIX}shop"' in shown.stdout
    assert set(re.findall(r'^  "(\w+)"', shown.stdout, re.MULTILINE)) <= {*summary, "errorMessage"}
    assert "Complete: 1 rows\n\n@message: a line\n" in shown.stdout
    made = {each.operation: each.options for each in calls(tmp_path)}
    assert made["invoke"]["--function-name"] == ["output-of-the-stack"]
    assert f'rotation.secret = "{PREFIX}shop"' in made["start-query"]["--query-string"][0]
    assert json.loads(made["send-message"]["--message-body"][0]) == {"secret": f"{PREFIX}shop"}
