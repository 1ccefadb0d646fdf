"""The working tree's nodecheck and the pure-Python packages that it needs, as an archive for the guest."""

from __future__ import annotations

import io
import tarfile
from importlib.util import find_spec
from pathlib import Path

HOME = "/opt/nodecheck"
"""Where it lies in the guest."""

_TREE = Path(__file__).resolve().parents[2]
_PACKAGES = ("pyroute2", "pluggy", "packaging", "yaml")
"""psutil is not pure Python: the guest's own distribution has it."""

_DIST_INFO = {
    "METADATA": "Metadata-Version: 2.1\nName: nodecheck\nVersion: 0\n",
    "entry_points.txt": "[nodecheck]\nbuiltin = nodecheck_checks\n",
}


def payload() -> bytes:
    """The archive; the same tree gives the same bytes."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, _TREE / "src" / "nodecheck", "nodecheck")
        _add(tar, _TREE / "checks" / "nodecheck_checks", "nodecheck_checks")
        for name in _PACKAGES:
            _add(tar, _place(name), name)
        for name, content in _DIST_INFO.items():
            _add_file(tar, f"nodecheck-0.dist-info/{name}", content.encode())
    import gzip

    return gzip.compress(made.getvalue(), 3, mtime=0)


def _place(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} is not installed here, and the guest needs it")
    return Path(spec.origin).parent


def _add(tar: tarfile.TarFile, folder: Path, name: str) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".so", ".pyc", ".pyd"):
            _add_file(tar, f"{name}/{path.relative_to(folder)}", path.read_bytes())


def _add_file(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o644
    tar.addfile(member, io.BytesIO(content))
