"""The files that nodecheck ships beside its code, wherever its code comes from: a directory or a zip file.

By the loader, as PEP 302 has it. importlib.resources does the same, and costs as much as a bare interpreter.
"""

from __future__ import annotations

import sys


def shipped(name: str) -> str:
    """The text of the file ``name``, such as ``schemas/report-1.json``. Raises OSError where it was not installed."""
    package = sys.modules[__name__.partition(".")[0]]
    raw: bytes = package.__spec__.loader.get_data(f"{package.__path__[0]}/{name}")  # type: ignore[union-attr]
    return raw.decode("utf-8")
