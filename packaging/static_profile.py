"""Record which paths through CPython a run takes: ``python packaging/static_profile.py``.

It writes ``static/python.profile.xz``, by which ``build_static.py`` optimises the interpreter. Needed once for a new
Python, after ``build_static.py``, with ``clang-14``, ``llvm-14`` and ``libclang-rt-14-dev`` of Debian 12. That clang
compiles, because zig brings no runtime that counts; zig's own reads what an older clang has counted, as long as
functions have not changed. Nothing of it gets into the static file but the order and the inlining of code.
"""

from __future__ import annotations

import argparse
import lzma
import os
import shutil
import subprocess
import sys
from pathlib import Path

import ziglang  # type: ignore[import-not-found]
from static_compile import HERE, PROFILE, Build, link, run, tools

CLANG = "14"
RUNTIME = f"/usr/lib/llvm-{CLANG}/lib/clang/{CLANG}.0.6/lib/linux/libclang_rt.profile-x86_64.a"
HEADERS = ("x86_64-linux-musl", "generic-musl", "x86-linux-any", "any-linux-any")

TRAINED: tuple[tuple[str, ...], ...] = (
    ("run",), ("run", "--root", "/"), ("run", "--json"), ("run", "--json", "--root", "/"), ("run", "--select", "swap"),
    ("plan",), ("list",), ("explain", "swap"), ("audit", "--state", "STATE"), ("audit", "--state", "STATE"),
    ("history", "--state", "STATE"), ("capture", "-o", "STATE/node.capture"),
    ("run", "--capture", "STATE/node.capture"),
)  # fmt: skip
"""What is run, so often as a run is more usual than the others."""

COMPILER = """#!/bin/sh
for word in "$@"; do
    [ "$word" = -c ] && exec clang-{clang} -target x86_64-linux-musl -nostdlibinc {headers} -fno-pic -w \\
        -fprofile-instr-generate "$@"
done
exec {cc} "$@" -Wl,-u,__llvm_profile_runtime {runtime} {room}/checked.o
"""

CHECKED = """
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
int __fprintf_chk(FILE *to, int flag, const char *form, ...) {
    va_list rest; va_start(rest, form); int done = vfprintf(to, form, rest); va_end(rest); return done;
}
int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *form, ...) {
    va_list rest; va_start(rest, form); int done = vsnprintf(to, size, form, rest); va_end(rest); return done;
}
char *__strcpy_chk(char *to, const char *from, size_t room) { return strcpy(to, from); }
char *__strcat_chk(char *to, const char *from, size_t room) { return strcat(to, from); }
char *__strncpy_chk(char *to, const char *from, size_t size, size_t room) { return strncpy(to, from, size); }
void *__memcpy_chk(void *to, const void *from, size_t size, size_t room) { return memcpy(to, from, size); }

#include <sys/syscall.h>
#include <unistd.h>
int __llvm_profile_write_file(void);
void _exit(int code) { __llvm_profile_write_file(); for (;;) syscall(SYS_exit_group, code); }
"""
"""What the runtime asks of glibc and musl lacks. nodecheck ends its process at once, so counts are written there."""


def main(words: list[str]) -> int:
    """Build an interpreter that counts, run it, and keep what it counted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--work", default=HERE.parent.parent / "build/static", help="of build_static.py")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args(words)
    work = Path(args.work).absolute()
    build = Build(work, "x86_64", {}, args.jobs)
    if not (work / "inside.zip").exists():
        sys.exit(f"{work} has no build: run packaging/build_static.py --work {work} first")
    if not all(map(shutil.which, (f"clang-{CLANG}", f"llvm-profdata-{CLANG}"))) or not Path(RUNTIME).exists():
        sys.exit(f"install clang-{CLANG}, llvm-{CLANG} and libclang-rt-{CLANG}-dev of Debian 12 first")
    counted(counting(build))
    print(f"{PROFILE}: {PROFILE.stat().st_size:,} bytes")
    return 0


def counting(build: Build) -> Path:
    """The static file, with an interpreter that counts."""
    tools(build)
    room = build.room / "counting"
    shutil.rmtree(room, ignore_errors=True)
    shutil.copytree(build.python.parent, room / "python", symlinks=True)
    for kind in ("*.o", "*.a"):
        for path in (room / "python").rglob(kind):
            path.unlink()
    (room / "checked.c").write_text(CHECKED)
    run(build, [build.room / "cc", "-fno-sanitize=undefined", "-c", "checked.c", "-o", "checked.o"], room)
    compiler = room / "cc"
    include = Path(ziglang.__file__).parent / "lib/libc/include"
    headers = " ".join(f"-isystem {include}/{name}" for name in HEADERS)
    compiler.write_text(COMPILER.format(clang=CLANG, headers=headers, cc=build.room / "cc", runtime=RUNTIME, room=room))
    compiler.chmod(0o755)
    folder = room / "python"
    library = next(build.python.parent.glob("libpython3.*.a")).name
    words = ["make", f"-j{build.jobs}", f"CC={compiler}", "OPT=-DNDEBUG -fwrapv -O1", library]
    run(build, [*words, "Modules/_hacl/libHacl_Hash_SHA2.a"], folder, LLVM_PROFILE_FILE="/dev/null")
    stub, file = link(build, folder, compiler, room / "stub"), room / "nodecheck"
    file.write_bytes(stub.read_bytes() + (build.work / "inside.zip").read_bytes())
    file.chmod(0o755)
    return file


def counted(file: Path) -> None:
    """Run it, and merge what each process left behind."""
    state = file.with_name("state")
    shutil.rmtree(state, ignore_errors=True)
    (state / "counts").mkdir(parents=True)
    env = {"PATH": os.environ["PATH"], "LLVM_PROFILE_FILE": f"{state}/counts/%p"}
    for words in TRAINED:
        given = [word.replace("STATE", str(state)) for word in words]
        code = subprocess.run([file, *given], env=env, stdout=subprocess.DEVNULL, check=False).returncode
        if code not in (0, 1, 3):
            sys.exit(f"{file} {' '.join(given)}: exit code {code}")
    merged = file.with_name("python.profile")
    subprocess.run([f"llvm-profdata-{CLANG}", "merge", "-sparse", "-o", merged, state / "counts"], check=True)
    PROFILE.write_bytes(lzma.compress(merged.read_bytes(), preset=9))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
