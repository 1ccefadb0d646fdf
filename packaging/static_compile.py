"""Compile zlib, SQLite and CPython with zig against musl, and the ``main`` that runs what lies behind it."""

from __future__ import annotations

import lzma
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from static_sources import Source

HERE = Path(__file__).parent / "static"
ARCHITECTURES = ("x86_64", "aarch64")
OPTIMISED = "-O3"

PROFILE = HERE / "python.profile.xz"
"""How often a run passes each place of CPython. ``static_profile.py`` makes it; a function that has changed since is
compiled as if it were not there."""

COUNTS = b"\xfflprofi\x81"
"""How a profile begins: LLVM's own mark, and 64 bits."""

STACK = "-DTHREAD_STACK_SIZE=0x800000"
"""Of a thread: what glibc gives. musl's 128 KiB are too few for Python."""

LEFT_OUT = """
    _ctypes _ctypes_test _ssl _hashlib _lzma _bz2 _dbm _gdbm _uuid _tkinter _curses _curses_panel readline _lsprof
    _decimal pyexpat _elementtree _testcapi _testinternalcapi _testbuffer _testimportmultiple _testmultiphase
    _testsinglephase _testclinic _testclinic_limited _testlimitedcapi _testexternalinspection _xxtestfuzz xxsubtype
    xxlimited xxlimited_35 _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _multibytecodec
    _multiprocessing _posixshmem _interpreters _interpchannels _interpqueues _scproxy cmath
"""
"""Modules of C that need other libraries, or that no check needs."""

NEEDED = ("_blake2", "_json", "_nodecheck", "_posixsubprocess", "_sha2", "_socket", "_sqlite3", "zlib")

FROZEN = ("encodings", "encodings.aliases", "encodings.utf_8")
"""What the interpreter imports before it can run a line; ``start.py`` comes after them."""


class Build(NamedTuple):
    """What is built, for which architecture, and where."""

    work: Path
    arch: str
    sources: dict[str, Source]
    jobs: int

    @property
    def room(self) -> Path:
        """The folder of this architecture."""
        return self.work / self.arch

    @property
    def python(self) -> Path:
        """The interpreter as its own build makes it, which runs from its tree."""
        return self.room / "python/python"

    @property
    def stub(self) -> Path:
        """The interpreter without its library."""
        return self.room / "stub"


def compiled(build: Build, native: Path | None = None) -> Build:
    """Build all parts that are not there yet. To build for another machine needs ``native``, an interpreter of this."""
    (build.room / "out").mkdir(parents=True, exist_ok=True)
    (build.work / "python.profile").write_bytes(profile(PROFILE))
    tools(build)
    for part, library in ((zlib, "libz.a"), (sqlite, "libsqlite3.a")):
        if not (build.room / "out" / library).exists():
            part(build)
    if not build.python.exists():
        python(build, native)
    stub(build, native or build.python)
    return build


def tools(build: Build) -> None:
    """The compiler and its friends as single words, as configure scripts want them."""
    import ziglang  # type: ignore[import-not-found]

    zig = Path(ziglang.__file__).parent / "zig"
    for name, words in (("cc", f"cc -target {build.arch}-linux-musl"), ("ar", "ar"), ("ranlib", "ranlib")):
        tool = build.room / name
        tool.write_text(f'#!/bin/sh\nexec "{zig}" {words} "$@"\n')
        tool.chmod(0o755)


def run(build: Build, words: Sequence[str | Path], folder: Path, **env: str) -> None:
    """One command, its output in a log; where it fails, the log's end."""
    given = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ZIG", "LC_", "LANG"))},
        **{name.upper(): str(build.room / name) for name in ("cc", "ar", "ranlib")},
        "ZIG_GLOBAL_CACHE_DIR": str(build.work / "cache"),
        "ZIG_LOCAL_CACHE_DIR": str(build.work / "cache"),
        "SOURCE_DATE_EPOCH": "315532800",
        "LC_ALL": "C",
        "READELF": "readelf",
        **env,
    }
    log = build.room / f"{folder.name}.log"
    with log.open("a") as file:
        code = subprocess.run(words, cwd=folder, env=given, stdout=file, stderr=file, check=False).returncode
    if code:
        print("\n".join(log.read_text(errors="replace").split("\n")[-30:]), file=sys.stderr)
        sys.exit(f"{' '.join(map(str, words[:3]))} failed: {log}")


def tree(build: Build, name: str, folder: str) -> Path:
    """A fresh copy of a source tree."""
    target = build.room / folder
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(build.sources[name].folder, target, symlinks=True)
    print(f"{build.arch}: {name} {build.sources[name].version}", flush=True)
    return target


def flags(build: Build, folder: Path) -> str:
    """Options of the compiler: no path of this machine gets into what it makes.

    zig checks for undefined behaviour where nothing is optimised, as in the tests of a configure: CPython would take
    that for a machine that must align all it reads, and compute slower hashes.
    """
    mapped = f"-ffile-prefix-map={folder}=."
    return " ".join(["-g0", "-fomit-frame-pointer", "-fno-sanitize=undefined", mapped, f"-I{build.room}/out"])


def zlib(build: Build) -> None:
    """``libz.a``."""
    folder = tree(build, "zlib", "zlib")
    run(
        build,
        ["sh", "./configure", "--static"],
        folder,
        CFLAGS=f"{OPTIMISED} {flags(build, folder)}",
        CHOST=f"{build.arch}-linux-musl",
    )
    run(build, ["make", f"-j{build.jobs}", "libz.a"], folder)
    for name in ("zlib.h", "zconf.h"):
        shutil.copy(folder / name, build.room / "out")
    shutil.copy(folder / "libz.a", build.room / "out/libz.a")


SQLITE = ("-DSQLITE_THREADSAFE=1", "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_DQS=0", "-DSQLITE_OMIT_DEPRECATED", "-Os")


def sqlite(build: Build) -> None:
    """``libsqlite3.a``: its one file of C is made by the machine's own compiler and tclsh, then compiled."""
    folder = tree(build, "sqlite3", "sqlite")
    run(build, ["sh", "./configure", "--disable-shared"], folder, CC="cc", AR="ar", RANLIB="ranlib")
    run(build, ["make", "sqlite3.c"], folder, CC="cc")
    for name in ("sqlite3.h", "sqlite3ext.h"):
        shutil.copy(folder / name, build.room / "out")
    options = [*flags(build, folder).split(" "), *SQLITE]
    run(build, [build.room / "cc", *options, "-c", "sqlite3.c", "-o", "sqlite3.o"], folder)
    run(build, [build.room / "ar", "rcs", build.room / "out/libsqlite3.a", "sqlite3.o"], folder)


def python(build: Build, native: Path | None) -> None:
    """The interpreter with its modules of C inside, and the library that it is made of."""
    folder = tree(build, "python3.13", "python")
    dated = folder / "Modules/getbuildinfo.c"
    dated.write_text('#define DATE "Jan  1 1980"\n#define TIME "00:00:00"\n' + dated.read_text())
    shutil.copy(HERE / "_nodecheck.c", folder / "Modules")
    (folder / "Modules/Setup.local").write_text("*static*\n_nodecheck _nodecheck.c\n")
    out = f"-L{build.room}/out"
    run(
        build, ["sh", "./configure", *configured(build, native)], folder,
        OPT=f"-DNDEBUG -fwrapv {OPTIMISED}", CFLAGS=f"{flags(build, folder)} {STACK}",
        LDFLAGS="-static", LDFLAGS_NODIST="-static",
        LINKFORSHARED=" ", MODULE_BUILDTYPE="static",
        ZLIB_CFLAGS=f"-I{build.room}/out", ZLIB_LIBS=f"{out} -lz",
        LIBSQLITE3_CFLAGS=f"-I{build.room}/out", LIBSQLITE3_LIBS=f"{out} -lsqlite3",
    )  # fmt: skip
    run(build, ["make", f"-j{build.jobs}", by_profile(build), "python"], folder)
    made = (folder / "Modules/config.c").read_text()
    if missing := [name for name in NEEDED if f'{{"{name}",' not in made]:
        sys.exit(f"{build.arch}: configure left out {', '.join(missing)}: {folder}/config.log")


def by_profile(build: Build) -> str:
    """The word of CPython's make that has it optimised by what a run does."""
    quiet = "-Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date"
    return f"CFLAGS_NODIST=-fprofile-instr-use={build.work}/python.profile {quiet}"


def profile(packed: Path) -> bytes:
    """What the compiler reads. It ends this where that is no profile, because the compiler would say so much later."""
    again = "Take it from git again, or make it anew: packaging/static_profile.py says how."
    try:
        counts = lzma.decompress(packed.read_bytes())
    except (OSError, lzma.LZMAError) as error:
        sys.exit(f"{packed}: {error}. {again}")
    if not counts.startswith(COUNTS):
        sys.exit(f"{packed}: this is not a profile of LLVM, merged by llvm-profdata. {again}")
    return counts


def configured(build: Build, native: Path | None) -> list[str]:
    """The options of CPython's configure."""
    options = ["--disable-shared", "--without-ensurepip", "--disable-test-modules", "--with-static-libpython"]
    options += ["--without-doc-strings", "ac_cv_func_dlopen=no", "ac_cv_search_dlopen=no", "ac_cv_lib_dl_dlopen=no"]
    options += [f"py_cv_module_{name}=n/a" for name in LEFT_OUT.split()]
    if native is not None:
        options += [f"--host={build.arch}-linux-musl", f"--build={os.uname().machine}-linux-musl"]
        options += [f"--with-build-python={native}", "ac_cv_file__dev_ptmx=yes", "ac_cv_file__dev_ptc=no"]
        options += ["ac_cv_buggy_getaddrinfo=no"]  # a test that runs, which a cross build cannot
    return options


def stub(build: Build, native: Path) -> None:
    """The file without what lies behind it."""
    (build.room / "frozen.h").write_text(frozen(native))
    link(build, build.python.parent, build.room / "cc", build.stub)


def link(build: Build, folder: Path, compiler: Path, target: Path) -> Path:
    """``main.c`` with the interpreter whose tree is ``folder``."""
    room = target.parent
    options = [OPTIMISED, *flags(build, room).split(" "), f"-I{folder}", f"-I{folder}/Include", f"-I{build.room}"]
    run(build, [compiler, *options, "-fwrapv", "-c", HERE / "main.c", "-o", "main.o"], room)
    libraries: list[str | Path] = [next(folder.glob("libpython3.*.a")), f"-L{build.room}/out", "-lsqlite3", "-lz"]
    libraries += [folder / "Modules/_hacl/libHacl_Hash_SHA2.a", "-lm"]
    words: list[str | Path] = ["-static", "-s", OPTIMISED, "-Wl,--gc-sections", "-o", target, "main.o"]
    run(build, [compiler, *words, *libraries], room)
    return target


def frozen(native: Path) -> str:
    """What is frozen into the file, as a header of C: made by the interpreter that is to run it."""
    words = [str(native), "-I", "-S", str(HERE / "frozen.py"), str(HERE / "start.py"), f"{native.parent}/Lib", *FROZEN]
    told = subprocess.run(words, check=True, capture_output=True, text=True)
    if not re.match(r"static const", told.stdout):
        sys.exit(f"frozen.py: {told.stderr}")
    return told.stdout
