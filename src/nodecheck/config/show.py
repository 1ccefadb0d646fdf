"""The configuration in force, as TOML."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.config.model import Config
from nodecheck.profile.show import toml_value
from nodecheck.text import printable


def to_toml(config: Config) -> str:
    """A file that says what all files together say, defaults too."""
    return "\n".join(_lines(config)) + "\n"


def _lines(config: Config) -> Iterator[str]:
    for path in config.files or ("no file: these are the defaults",):
        yield f"# {printable(path)}"
    yield "[audit]"
    for name, value in config._asdict().items():
        if name in ("limits", "outputs", "files") or value is None or value == ():
            continue
        shown = f"{value.held}/{value.of}" if name == "flap" else value
        yield f"{name.replace('_', '-')} = {toml_value(shown)}"
    yield from ["", "[history]"]
    for name, value in config.limits._asdict().items():
        yield f"{name.replace('_', '-')} = {toml_value(value)}"
    for output in config.outputs:
        format_, equals, path = output.partition("=")
        yield from ["", "[[output]]", f"format = {toml_value(format_)}"]
        if equals:
            yield f"path = {toml_value(path)}"
