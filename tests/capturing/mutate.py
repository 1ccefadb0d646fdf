"""Trees with something odd in them: what a capture must hold as it is, and must not trip over."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

MOST_FILES = 400
"""Files of a tree that are looked at to spoil some of them."""


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("/no/such/place")


def null(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/null")


def huge(path: Path) -> None:
    os.truncate(path, 200_000_000)


def gone(path: Path) -> None:
    path.unlink()


def absolute(path: Path) -> None:
    """The file elsewhere, and an absolute link to it."""
    root = path
    while not (root / "etc").is_dir() and root != root.parent:
        root = root.parent
    aside = root / "aside"
    while aside.is_symlink() or aside.is_file():  # another change has made something else of it
        aside = aside.with_name(f"{aside.name}x")
    aside.mkdir(exist_ok=True)
    name = f"{len(list(aside.iterdir()))}-{path.name}"
    shutil.move(path, aside / name)
    path.symlink_to(f"/{aside.name}/{name}")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def noise(path: Path) -> None:
    path.write_bytes(random.Random(len(path.name)).randbytes(3000))


def parent(path: Path) -> None:
    """A file in the place of the directory that held it."""
    folder = path.parent
    shutil.rmtree(folder)
    folder.write_text("a file\n")


def odd_name(path: Path) -> None:
    """A neighbour whose name holds a newline, a percent sign, blanks and a byte that is no UTF-8."""
    name = os.fsdecode(b"-a %25\nb\xff.conf")
    while os.path.lexists(path.parent / name):  # another change made it, or something else of it
        name = f"-{name}"
    (path.parent / name).write_bytes(path.read_bytes())


WAYS = (fifo, directory, loop, dangling, null, huge, gone, absolute, empty, noise, parent, odd_name)


def files_of(root: Path) -> list[Path]:
    """The regular files of a tree, the first of them by name."""
    found = [
        Path(folder) / name
        for folder, _, names in os.walk(root)
        for name in names
        if not (Path(folder) / name).is_symlink() and (Path(folder) / name).is_file()
    ]
    return sorted(found)[:MOST_FILES]


def spoilt(source: Path, target: Path, seed: int) -> str:
    """A copy of a tree with up to three odd things in it; says which."""
    chance = random.Random(seed)
    shutil.copytree(source, target, symlinks=True, copy_function=shutil.copyfile, dirs_exist_ok=True)
    told = []
    for _ in range(chance.randrange(1, 4)):
        left = files_of(target)
        if not left:
            break
        path, way = chance.choice(left), chance.choice(WAYS)
        if way is parent and path.parent == target:
            way = gone
        told.append(f"{way.__name__} {path.relative_to(target)}")
        way(path)
    return ", ".join(told)
