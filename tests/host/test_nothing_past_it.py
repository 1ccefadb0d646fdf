"""Nothing is read past the Host: what judges a node imports nothing that could tell of this machine instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("src/nodecheck/facts", "checks/nodecheck_checks")
TELLS = {
    "asyncio", "ctypes", "_ctypes", "datetime", "fcntl", "getpass", "glob", "grp", "io", "locale", "multiprocessing",
    "os", "pathlib", "platform", "posix", "psutil", "pwd", "pyroute2", "resource", "select", "shutil", "signal",
    "socket", "subprocess", "sysconfig", "tempfile", "termios", "threading", "time",
}  # fmt: skip
"""Modules that can tell of the machine that nodecheck runs on, or of the time there."""
PURE = {"_socket": {"AF_INET", "AF_INET6", "inet_ntop", "inet_pton"}, "sys": {"version_info"}}
"""Of these, what says the same everywhere."""

FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def reads_past(tree: ast.AST) -> Iterator[str]:
    """What in a module could read past the Host."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (item.name for item in node.names if item.name.partition(".")[0] in TELLS)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            allowed = PURE.get(node.module)
            if node.module.partition(".")[0] in TELLS:
                yield f"from {node.module}"
            elif allowed is not None:
                yield from (f"{node.module}.{item.name}" for item in node.names if item.name not in allowed)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in PURE:
            if node.attr not in PURE[node.value.id]:
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("open", "__import__"):
            yield f"{node.func.id}()"
        elif isinstance(node, ast.Attribute) and node.attr == "kind" and _is_host(node.value):
            yield "host.kind"


def _is_host(node: ast.AST) -> bool:
    """Whether an expression is called a host; other things have kinds of their own."""
    return (isinstance(node, ast.Name) and node.id == "host") or (
        isinstance(node, ast.Attribute) and node.attr == "host"
    )


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_read_past_the_host(path: Path) -> None:
    assert list(reads_past(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import os", ["os"]),
        ("def f():\n    import os.path", ["os.path"]),
        ("from os import uname", ["from os"]),
        ("from sys import byteorder", ["sys.byteorder"]),
        ("import sys\nsys.byteorder", ["sys.byteorder"]),
        ("import sys\nsys.version_info >= (3, 11)", []),
        ("import _socket\n_socket.inet_ntop(2, b'')", []),
        ("import _socket\n_socket.gethostname()", ["_socket.gethostname"]),
        ("open('/etc/hostname')", ["open()"]),
        ("if host.kind == 'root': pass", ["host.kind"]),
        ("boot.host.kind", ["host.kind"]),
        ("if found.kind == 'file': pass", []),
    ],
)
def test_the_test_sees_it(code: str, found: list[str]) -> None:
    assert list(reads_past(ast.parse(code))) == found
