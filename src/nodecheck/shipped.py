"""The files that nodecheck ships beside its code, wherever that comes from: a directory, a zip file, the static file.

By the loader, as PEP 302 has it. importlib.resources does the same, and costs as much as a bare interpreter.
"""

from __future__ import annotations

import sys

STATIC = "_nodecheck" in sys.builtin_module_names
"""Whether this is the static file, the interpreter and all code in one (docs/static.md)."""


def shipped(name: str) -> str:
    """The text of the file ``name``, such as ``schemas/report-1.json``. Raises OSError where it was not installed."""
    package = sys.modules[__name__.partition(".")[0]]
    raw: bytes = package.__spec__.loader.get_data(f"{package.__path__[0]}/{name}")  # type: ignore[union-attr]
    return raw.decode("utf-8")
