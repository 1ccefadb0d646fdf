"""What stands beside the static file: a list of its parts (CycloneDX) and their licences."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from email.parser import HeaderParser
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from static_sources import SUITE, Source

HERE = Path(__file__).parent / "static"
ROOT = Path(__file__).parent.parent

LICENCES = {
    "python3.13": ("Python-2.0.1", "LICENSE"),
    "sqlite3": ("blessing", "LICENSE.md"),
    "zlib": ("Zlib", "LICENSE"),
}
"""Of the source packages: SPDX's name, and the file in their tree."""


class Part(NamedTuple):
    """One part of the static file. ``spdx`` is an expression."""

    name: str
    version: str
    purl: str
    spdx: str
    digest: str | None
    texts: tuple[Path, ...]


def papers(target: Path, sources: dict[str, Source], work: Path) -> None:
    """Write both beside the file."""
    parts = [*of_debian(sources), *of_python(work / "inside"), *of_zig()]
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    target.with_name(f"{target.name}.cdx.json").write_text(
        json.dumps(listed(target.name, digest, parts), indent=2) + "\n"
    )
    target.with_name(f"{target.name}.licenses.txt").write_text("\n".join(texts(parts)))


def of_debian(sources: dict[str, Source]) -> Iterator[Part]:
    """The source packages, by the SHA-256 of their descriptions."""
    for one in sources.values():
        spdx, text = LICENCES[one.name]
        number = one.version.replace(":", "%3A").replace("+", "%2B")
        purl = f"pkg:deb/debian/{one.name}@{number}?arch=source&distro={SUITE}"
        yield Part(one.name, one.version, purl, spdx, one.digest, (one.folder / text,))


def of_python(inside: Path) -> Iterator[Part]:
    """The packages of Python, by their own metadata; nodecheck is first in the list of parts, and not here."""
    digests = dict(wheels())
    for folder in sorted(inside.glob("*.dist-info")):
        told = HeaderParser().parsestr((folder / "METADATA").read_text())
        name, number = told["Name"], told["Version"]
        if name == "nodecheck":
            continue
        spdx = told["License-Expression"] or told["License"]
        files = tuple(sorted((folder / "licenses").iterdir()))
        yield Part(name, number, f"pkg:pypi/{name.lower()}@{number}", spdx, digests[name], files)


def wheels() -> Iterator[tuple[str, str]]:
    """Name and SHA-256 of each wheel that goes in."""
    for line in (HERE / "requirements.txt").read_text().split("\n"):
        if "==" in line:
            yield line.partition("==")[0], line.partition("sha256:")[2]


def of_zig() -> Iterator[Part]:
    """The C library and what the compiler adds, which zig brings."""
    import ziglang  # type: ignore[import-not-found]

    folder, number = Path(ziglang.__file__).parent, version("ziglang")
    purl = f"pkg:pypi/ziglang@{number}"
    yield Part("musl", f"of zig {number}", f"{purl}#lib/libc/musl", "MIT", None, (folder / "lib/libc/musl/COPYRIGHT",))
    yield Part("compiler_rt", f"of zig {number}", f"{purl}#lib/compiler_rt", "MIT", None, (folder / "LICENSE",))


def own_version() -> str:
    """nodecheck's version."""
    namespace: dict[str, Any] = {}
    exec((ROOT / "src/nodecheck/version.py").read_text(), namespace)
    return str(namespace["__version__"])


def listed(name: str, digest: str, parts: list[Part]) -> dict[str, Any]:
    """The list as CycloneDX 1.5 has it; its serial number is of what it lists, so that equal files have equal lists."""
    number = own_version()
    main = {
        "type": "application", "name": "nodecheck", "version": number, "bom-ref": "nodecheck",
        "purl": f"pkg:pypi/nodecheck@{number}", "licenses": [{"expression": "Apache-2.0"}],
        "hashes": [{"alg": "SHA-256", "content": digest}], "properties": [{"name": "nodecheck:file", "value": name}],
    }  # fmt: skip
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {"component": main},
        "components": [component(part) for part in parts],
        "dependencies": [{"ref": "nodecheck", "dependsOn": [part.purl for part in parts]}],
    }


def component(part: Part) -> dict[str, Any]:
    """One part in the words of CycloneDX."""
    told: dict[str, Any] = {"type": "library", "name": part.name, "version": part.version, "bom-ref": part.purl}
    told |= {"purl": part.purl, "licenses": [{"expression": part.spdx}]}
    return told | ({} if part.digest is None else {"hashes": [{"alg": "SHA-256", "content": part.digest}]})


def texts(parts: list[Part]) -> Iterator[str]:
    """The licences of all parts, each under its name."""
    own = Part("nodecheck", own_version(), "", "Apache-2.0", None, (ROOT / "LICENSE",))
    for part in (own, *parts):
        yield f"{'=' * 78}\n{part.name} {part.version}: {part.spdx}\n{'=' * 78}\n"
        for path in part.texts:
            yield path.read_text(encoding="utf-8", errors="replace").strip(os.linesep) + "\n"
