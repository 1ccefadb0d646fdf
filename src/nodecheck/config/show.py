"""The configuration in force, as TOML and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nodecheck.config.model import Config
from nodecheck.profile.show import toml_key, toml_value
from nodecheck.text import printable


def to_dict(config: Config) -> dict[str, Any]:
    """The tables of a file that says what all files together say, defaults too; and which files these are."""
    return {
        "files": list(config.files),
        **_set(config.wanted),
        "severity": dict(config.severity),
        "audit": _audit(config),
        "history": {name.replace("_", "-"): value for name, value in config.limits._asdict().items()},
        "output": [_output(text) for text in config.outputs],
    }


def _set(values: Any) -> dict[str, Any]:
    """The fields that say something, by their names in a file."""
    pairs = [(name.replace("_", "-"), value) for name, value in values._asdict().items()]
    return {name: value for name, value in pairs if value is not None and value != ()}


def _audit(config: Config) -> dict[str, Any]:
    found = _set(config)
    for name in ("limits", "outputs", "files", "wanted", "severity", "absent"):
        found.pop(name, None)
    if config.wanted.waivers and not config.waivers:
        found["waivers"] = ()  # the audit heeds none of those that stand at the top
    return {**found, "flap": f"{config.flap.held}/{config.flap.of}"}


def _output(text: str) -> dict[str, str]:
    format_, equals, path = text.partition("=")
    return {"format": format_, "path": path} if equals else {"format": format_}


def to_toml(config: Config) -> str:
    """A file that says what all files together say, defaults too."""
    return "\n".join(_lines(config)) + "\n"


def _lines(config: Config) -> Iterator[str]:
    found = to_dict(config)
    for path in found.pop("files") or ("no file: these are the defaults",):
        yield f"# {printable(path)}"
    outputs = [("[[output]]", item) for item in found.pop("output")]
    tables = [(f"[{name}]", found.pop(name)) for name in ("severity", "audit", "history")]
    yield from [f"{name} = {toml_value(value)}" for name, value in found.items()]
    for head, table in [*tables, *outputs]:
        if table:
            yield from ["", head, *[f"{toml_key(name)} = {toml_value(value)}" for name, value in table.items()]]
