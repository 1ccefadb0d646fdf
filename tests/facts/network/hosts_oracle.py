"""The C library's answers to names, by an ``/etc/hosts`` of one's own: run in a mount namespace of its own.

Reads pairs from standard input, a JSON list of ``[text of /etc/hosts as latin-1, [names]]``; writes a JSON list of
what getaddrinfo(3) gives for each name. With the argument ``order`` a JSON list of texts of ``/etc/nsswitch.conf``,
and writes whether each lets getent(1) find a name that /etc/hosts has.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
from pathlib import Path


def addresses(name: str) -> list[str]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return []
    return sorted({str(item[4][0]) for item in found})


def is_found(config: Path, text: str) -> bool:
    config.write_bytes(text.encode("latin-1"))
    return subprocess.run(["getent", "hosts", "n1.example"], check=False, capture_output=True).returncode == 0


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    for name in ("hosts", "nsswitch.conf"):
        (folder / name).write_text("hosts: files\n")
        subprocess.run(["mount", "--bind", str(folder / name), f"/etc/{name}"], check=True)
    if sys.argv[1:] == ["order"]:
        (folder / "hosts").write_text("192.0.2.1 n1.example\n")
        json.dump([is_found(folder / "nsswitch.conf", text) for text in json.load(sys.stdin)], sys.stdout)
        return
    answers = []
    for text, names in json.load(sys.stdin):
        (folder / "hosts").write_bytes(text.encode("latin-1"))
        answers.append([addresses(name) for name in names])
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
