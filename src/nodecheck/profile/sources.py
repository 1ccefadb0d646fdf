"""Where a profile comes from: a name or a path."""

from __future__ import annotations

MOST_EXTENDS = 16


def is_path(source: str) -> bool:
    """Whether a profile is named by its file."""
    return "/" in source or source.endswith(".toml")


def parent_of(source: str, parent: str) -> str:
    """The profile that one of ``source`` extends: a relative path is seen from the file that names it."""
    if is_path(parent) and is_path(source) and not parent.startswith("/"):
        return f"{source.rpartition('/')[0] or '.'}/{parent}"
    return parent
