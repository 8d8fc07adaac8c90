import json

from tests.infra.synthesis import ROOT


def test_the_command_line_tool_is_pinned_and_its_lock_names_no_registry() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    tool = json.loads(lock)["packages"]["node_modules/aws-cdk"]["version"]
    assert package["devDependencies"] == {"aws-cdk": tool}
    # npm writes the registry that it asked; another machine may reach another one.
    assert "://" not in lock
