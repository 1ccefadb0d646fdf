"""The JSON document: what ``to_json`` gives, a line for each result."""

from __future__ import annotations

import json

from nodecheck.checking import Status
from nodecheck.render.json import render
from tests.render.test_text import FAILED, report, result


def test_it_is_the_report() -> None:
    for whole in (report(), report(FAILED, result("swap", Status.PASS, message="caf\u00e9 \u2028"))):
        text = render(whole)

        assert json.loads(text) == whole.to_dict()
        assert text.isascii()
        assert text.endswith("}\n")
        assert sum('"fingerprint"' in line for line in text.split("\n")) == len(whole)
