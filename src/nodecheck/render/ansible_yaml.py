"""YAML as Ansible reads it: what holds the beginning of a template is tagged ``!unsafe``, and stays as it is."""

from __future__ import annotations

from typing import Any

import yaml

from nodecheck.text import wellformed

TEMPLATES = ("{{", "{%", "{#")


class LiteralText(str):
    """A text that must not be templated."""

    __slots__ = ()


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """libyaml's emitter where PyYAML has it: a seventh of the time."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _literal(dumper: yaml.SafeDumper, text: LiteralText) -> yaml.ScalarNode:
    if any(start in text for start in TEMPLATES):
        return dumper.represent_scalar("!unsafe", str(text), style='"')
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|" if "\n" in text else None)


_Dumper.add_representer(LiteralText, _literal)


def dumped(document: Any) -> str:
    """The document; keys in their order, no line wrapped, ASCII only."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=10**9, default_flow_style=False)
    return text


Task = dict[str, Any]


def literal(text: str) -> LiteralText:
    """A text of the node, as data."""
    return LiteralText(wellformed(text))
