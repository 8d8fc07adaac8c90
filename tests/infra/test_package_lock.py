import json

from tests.infra.synthesis import ROOT


def test_the_tools_of_node_are_pinned_and_their_lock_names_no_registry() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    locked = {
        name.removeprefix("node_modules/"): each["version"]
        for name, each in json.loads(lock)["packages"].items()
        if name
    }
    assert locked.keys() == {"aws-cdk", "axe-core"}
    assert package["devDependencies"] == locked
    # npm writes the registry that it asked; another machine may reach another one.
    assert "://" not in lock
