"""The map of redaction: the key, and what became what, so that the owner can look names up. Nobody else may read it."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

from nodecheck.errors import UsageError
from nodecheck.reading import read_file
from nodecheck.text import encode, printable, wellformed

MODE = 0o600
KEY_BYTES = 32
_MOST = 64 << 20
_FORMAT = "nodecheck map 1"


def new_key() -> bytes:
    """A key by chance."""
    return os.urandom(KEY_BYTES)


def read_map(path: str) -> tuple[bytes, dict[str, str]]:
    """The key and the table of a map; of one that is not there yet a new key. Raises UsageError."""
    try:
        others = stat.S_IMODE(Path(path).stat().st_mode) & 0o077
        raw = read_file(path, _MOST)
    except FileNotFoundError:
        return new_key(), {}
    except (OSError, ValueError) as error:
        raise UsageError(f"--map {printable(path)}: {getattr(error, 'strerror', None) or error}") from error
    if others:
        raise UsageError(f"--map {printable(path)}: others may read this key (mode 0600 is expected)")
    try:
        data = json.loads(raw)
        key, table = data["key"], data["table"]
        if data["format"] != _FORMAT or not re.fullmatch("[0-9a-f]{64}", key) or not _is_table(table):
            raise ValueError(path)
        return bytes.fromhex(key), table
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"--map {printable(path)}: expected a map that nodecheck capture wrote") from error


def _is_table(table: object) -> bool:
    return isinstance(table, dict) and all(isinstance(word, str) for word in table.values())


def dumped_map(key: bytes, table: dict[str, str]) -> bytes:
    """The text of a map."""
    words = {wellformed(old): wellformed(new) for old, new in sorted(table.items())}
    return encode(
        json.dumps({"format": _FORMAT, "key": key.hex(), "table": words}, indent=1, ensure_ascii=False) + "\n"
    )
