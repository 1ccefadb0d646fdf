"""A zip file that Python runs, made of the installed packages as ``pip install --target`` and ``zipapp`` make it."""

from __future__ import annotations

import compileall
import shutil
import sys
import zipapp
from importlib.metadata import distribution
from pathlib import Path
from py_compile import PycInvalidationMode

ROOT = Path(__file__).parent.parent
NEEDS = ("packaging", "pluggy", "psutil", "pyroute2", "PyYAML", *(("tomli",) if sys.version_info < (3, 11) else ()))
"""What nodecheck depends on. Their C parts are in the zip file too, and cannot be imported from there."""


def zipped(folder: Path) -> Path:
    """``nodecheck.pyz`` in ``folder``: nodecheck, its checks, what they need, and the metadata of each."""
    inside = folder / "inside"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src/nodecheck", inside / "nodecheck", ignore=ignored)
    shutil.copytree(ROOT / "checks/nodecheck_checks", inside / "nodecheck_checks", ignore=ignored)
    _copy("nodecheck", inside)
    for name in NEEDS:
        _copy(name, inside)
    unchecked = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(inside, quiet=2, legacy=True, invalidation_mode=unchecked)  # as docs/zipapp.md says
    made = folder / "nodecheck.pyz"
    zipapp.create_archive(inside, made, main="nodecheck.cli:main")
    shutil.rmtree(inside)
    return made


def _copy(name: str, inside: Path) -> None:
    """What a distribution put into the folder of packages; its scripts and compiled modules lie elsewhere."""
    for file in distribution(name).files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts and not file.name.endswith(".pth"):
            target = inside / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), target)


if __name__ == "__main__":
    print(zipped(Path(sys.argv[1])))
