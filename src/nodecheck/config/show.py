"""The configuration in force, as TOML and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nodecheck.config.model import Config
from nodecheck.profile.show import toml_value
from nodecheck.text import printable


def to_dict(config: Config) -> dict[str, Any]:
    """The tables of a file that says what all files together say, defaults too; and which files these are."""
    return {
        "files": list(config.files),
        "audit": {name: value for name, value in _audit(config) if value is not None and value != ()},
        "history": {name.replace("_", "-"): value for name, value in config.limits._asdict().items()},
        "output": [_output(text) for text in config.outputs],
    }


def _audit(config: Config) -> Iterator[tuple[str, Any]]:
    for name, value in config._asdict().items():
        if name not in ("limits", "outputs", "files"):
            yield name.replace("_", "-"), f"{value.held}/{value.of}" if name == "flap" else value


def _output(text: str) -> dict[str, str]:
    format_, equals, path = text.partition("=")
    return {"format": format_, "path": path} if equals else {"format": format_}


def to_toml(config: Config) -> str:
    """A file that says what all files together say, defaults too."""
    return "\n".join(_lines(config)) + "\n"


def _lines(config: Config) -> Iterator[str]:
    found = to_dict(config)
    for path in found["files"] or ("no file: these are the defaults",):
        yield f"# {printable(path)}"
    tables = [("[audit]", found["audit"]), ("[history]", found["history"])]
    for place, (head, table) in enumerate([*tables, *(("[[output]]", item) for item in found["output"])]):
        yield from [""] if place else []
        yield head
        for name, value in table.items():
            yield f"{name} = {toml_value(value)}"
