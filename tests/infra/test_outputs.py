"""The stack says what commands look up."""

import json

import pytest

from certrotation import __version__
from certrotation.names.outputs import ROTATE_FUNCTION, SCAN_FUNCTION, VERSION
from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra


def test_the_outputs_name_both_functions_and_the_version(template: Template) -> None:
    outputs = json.loads(template.text)["Outputs"]
    for key, handler in (
        (SCAN_FUNCTION, "certrotation.handlers.scan.handler"),
        (ROTATE_FUNCTION, "certrotation.handlers.rotate.handler"),
    ):
        logical_id, _ = template.function(handler)
        assert outputs[key]["Value"] == {"Ref": logical_id}
    assert outputs[VERSION]["Value"] == __version__
