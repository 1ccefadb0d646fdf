"""Write the zip file of bytecode that lies behind the interpreter. That interpreter runs this: the bytecode is its.

``python zipped.py ZIP USED FOLDER...``: the standard library's folder first; ``USED`` lists what every run needs. Equal
trees give equal bytes: names are sorted, no time and no path of this machine is in it, and ``PYTHONHASHSEED`` is set.
"""

from __future__ import annotations

import importlib.util
import marshal
import sys
import zipfile
from pathlib import Path
from typing import Any

LEFT_OUT = {
    "__phello__", "_aix_support", "_android_support", "_apple_support", "_ios_support", "_osx_support",
    "_pydatetime", "_pyio", "_pyrepl", "aifc", "antigravity", "asyncio", "audioop", "bdb", "bz2", "cProfile", "cgi",
    "cgitb", "chunk", "cmd", "code", "codeop", "crypt", "ctypes", "curses", "dbm", "doctest", "ensurepip",
    "filecmp", "fileinput", "ftplib", "getopt", "http", "idlelib", "imaplib", "lib2to3", "lzma", "mailbox",
    "modulefinder", "msilib", "multiprocessing", "netrc", "nntplib", "nturl2path", "optparse", "pdb", "pickletools",
    "plistlib", "poplib", "profile", "pstats", "py_compile", "pyclbr", "pydoc", "pydoc_data", "rlcompleter",
    "sched", "site-packages", "smtplib", "sndhdr", "socketserver", "ssl", "symtable", "tabnanny", "telnetlib",
    "test", "this", "timeit", "tkinter", "trace", "tracemalloc", "turtle", "turtledemo", "unittest", "venv",
    "webbrowser", "wsgiref", "xdrlib", "xml", "xmlrpc", "zipapp",
}  # fmt: skip
"""Parts of the standard library that cannot work there, or that serve those who write programs."""

CODECS = ("__init__", "aliases", "ascii", "charmap", "cp437", "idna", "latin_1", "punycode", "unicode_escape", "utf_")
PYROUTE2 = ("__init__", "common", "config", "netlink")
"""What there is of each: only nodecheck's own way of reading netlink, by the classes of messages."""

TIME = (1980, 1, 1, 0, 0, 0)
INDEX = "index"


def main(target: str, used: str, *folders: str) -> None:
    """Each file once, the first folder that has it winning; the index of what is stored is the first."""
    found: dict[str, Path] = {}
    for number, folder in enumerate(folders):
        for path in sorted(Path(folder).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and wanted(name, library=number == 0):
                found.setdefault(name, path)
    stored = set(Path(used).read_text().split("\n"))
    members = [member(name, path.read_bytes(), stored=name in stored) for name, path in sorted(found.items())]
    declared = [(name.split("/")[0], path.read_text()) for name, path in sorted(found.items()) if is_declaration(name)]
    places = {info.filename: (0, len(raw)) for info, raw in members if info.compress_type == zipfile.ZIP_STORED}
    for _ in range(2):  # equally long both times: the second has the places of the first
        places = write(target, (places, declared), members)


def is_declaration(name: str) -> bool:
    """Whether it is the list of a distribution's entry points."""
    return name.count("/") == 1 and name.endswith(".dist-info/entry_points.txt")


def wanted(name: str, *, library: bool) -> bool:
    """Whether a file goes in: code, and what lies beside it; never compiled C."""
    parts = name.split("/")
    if "__pycache__" in parts or name.endswith((".so", ".pyc", ".pyi", ".pyx", ".pxd", ".h")):
        return False
    if library:
        foreign = parts[0] == "encodings" and not parts[-1].startswith(CODECS)
        return name.endswith(".py") and parts[0].partition(".")[0] not in LEFT_OUT and not foreign
    if parts[0] == "pyroute2" and parts[1].partition(".")[0] not in PYROUTE2:
        return False
    return parts[0] not in ("bin", "_yaml") and not parts[0].endswith(".data") and parts[-1] not in (
        "RECORD", "INSTALLER", "REQUESTED", "direct_url.json"
    )  # fmt: skip


def member(name: str, raw: bytes, *, stored: bool) -> tuple[zipfile.ZipInfo, bytes]:
    """One file; code as bytecode that is never held against its source."""
    if name.endswith(".py"):
        code = compile(raw, name, "exec", dont_inherit=True, optimize=0)
        head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(raw)
        name, raw = name + "c", head + marshal.dumps(code)
    info = zipfile.ZipInfo(name, TIME)
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    return info, raw


def write(target: str, index: Any, members: list[tuple[zipfile.ZipInfo, bytes]]) -> dict[str, tuple[int, int]]:
    """The zip file, and where its stored members begin in it."""
    first = zipfile.ZipInfo(INDEX, TIME)
    first.compress_type = zipfile.ZIP_STORED
    with zipfile.ZipFile(target, "w") as made:
        for info, raw in [(first, marshal.dumps(index)), *members]:
            made.writestr(info, raw, compresslevel=9)
    return {
        info.filename: (info.header_offset + 30 + len(info.filename.encode()), len(raw))
        for info, raw in members
        if info.compress_type == zipfile.ZIP_STORED
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
