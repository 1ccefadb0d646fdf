"""The zip file behind the interpreter: the standard library, nodecheck and what it needs, as bytecode."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).parent / "static"
ROOT = Path(__file__).parent.parent


def bundle(work: Path, python: Path) -> Path:
    """Collect the packages and let the built interpreter compile them."""
    inside, target = work / "inside", work / "inside.zip"
    shutil.rmtree(inside, ignore_errors=True)
    needs(inside)
    own(work, inside)
    library = python.parent / "Lib"
    for cache in list(library.rglob("__pycache__")):
        shutil.rmtree(cache)
    used = modules_used(python, library, inside)
    (work / "used.txt").write_text("\n".join(used))
    run_built(python, HERE / "zipped.py", target, work / "used.txt", library, inside)
    return target


def run_built(python: Path, *words: str | Path) -> str:
    """Run the built interpreter. The seed decides the order of sets, which gets into bytecode; columns of source, which
    the file does not have, stay out."""
    env = {"PYTHONHASHSEED": "0", "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [python, "-s", "-S", "-P", "-X", "no_debug_ranges", *words],
        env=env,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def needs(inside: Path) -> None:
    """What nodecheck depends on, from wheels of known SHA-256; a wheel's compiled parts stay out later."""
    words = "install --quiet --no-deps --no-compile --only-binary=:all: --require-hashes --python-version 3.13"
    pip(*words.split(), "--platform", "manylinux2014_x86_64", "--target", inside, "-r", HERE / "requirements.txt")


def own(work: Path, inside: Path) -> None:
    """nodecheck itself, by its wheel."""
    folder = work / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    pip("wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    with zipfile.ZipFile(next(folder.glob("nodecheck-*.whl"))) as wheel:
        wheel.extractall(inside)


def pip(*words: str | Path) -> None:
    """pip of the interpreter that runs this."""
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *words], check=True)


def modules_used(python: Path, library: Path, inside: Path) -> list[str]:
    """What a run opens of both folders: it is stored, and found without a search."""
    node = inside.with_name("node")
    shutil.rmtree(node, ignore_errors=True)
    told = run_built(python, HERE / "used.py", library, inside, node)
    return [line for line in told.split("\n") if line]
