"""What is said of a cdk.json that is missing, broken, or has its settings in another place."""

from pathlib import Path

import pytest

from infra.cdk_json import read_context
from infra.config import ConfigError, StackConfig
from tests.infra.synthesis import ROOT


def refusal_of(folder: Path, text: str) -> str:
    (folder / "cdk.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        StackConfig.from_context(read_context(folder / "cdk.json"))
    return str(caught.value)


def test_the_repositorys_own_file_is_read() -> None:
    assert "certrotation" in read_context(ROOT / "cdk.json")


def test_a_missing_file_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^cdk\.json: the file is missing in .*git checkout"):
        read_context(tmp_path / "cdk.json")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError, match=r"^cdk\.json: .* cannot be read: "):
        read_context(tmp_path / "cdk.json")


def test_broken_json_is_named_by_line_and_column(tmp_path: Path) -> None:
    said = refusal_of(
        tmp_path, '{\n  "context": {\n    "certrotation": {"mode" "report"}\n  }\n}\n'
    )

    assert said.startswith("cdk.json: invalid JSON at line 3, column 29: ")
    assert said.endswith('The line is: "certrotation": {"mode" "report"}')


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    assert refusal_of(tmp_path, "").endswith("The file is empty.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "cdk.json: the file must contain one object, as in {"),
        ("{}", "cdk.json: the object 'context' is missing. Add"),
        ('{"context": 1}', "cdk.json: the object 'context' is missing. Add"),
        ('{"context": {}}', "cdk.json: the object 'certrotation' in 'context' is missing. Add"),
        (
            '{"certrotation": {"target_regions": ["eu-west-1"]}}',
            "cdk.json: 'certrotation' is at the top level of the file. Move it into context, as",
        ),
        (
            '{"target_regions": ["eu-west-1"]}',
            "cdk.json: 'target_regions' is at the top level of the file. Move it into context.cert",
        ),
        (
            '{"context": {"target_regions": ["eu-west-1"]}}',
            "cdk.json: 'target_regions' is in 'context'. Move it into context.certrotation, as in",
        ),
    ],
)
def test_settings_in_another_place_are_named_with_where_they_belong(
    tmp_path: Path, text: str, said: str
) -> None:
    assert refusal_of(tmp_path, text).startswith(said)
