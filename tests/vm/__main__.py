"""``python -m tests.vm``: prove nodecheck's verdicts and plans on real nodes, and say how far they hold."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from fnmatch import fnmatchcase
from pathlib import Path

from tests.vm.boots import Kept, boots, judged_again
from tests.vm.captured import captured
from tests.vm.docker_node import in_docker
from tests.vm.image import RELEASES, image, missing
from tests.vm.loader import started_by_loader
from tests.vm.machine import end_all
from tests.vm.node import prepared
from tests.vm.parts import Report, Unlike, commit, joined, of_part, part, read
from tests.vm.plants.boots import configurations
from tests.vm.power import power_cuts
from tests.vm.proof import Proof, prove
from tests.vm.states import RANDOM_STATES, SEED, State, at_random, curated
from tests.vm.summary import failed, table, told_of
from tests.vm.witness import actors, caught


def default_cache() -> Path:
    """Where images are kept: ``NODECHECK_VM_CACHE``, else below the XDG cache directory."""
    told = os.environ.get("NODECHECK_VM_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(told or f"{home}/nodecheck/vm")


def arguments(words: list[str]) -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(prog="python -m tests.vm", description=__doc__)
    add = parser.add_argument
    add("--random", metavar="N", type=int, default=RANDOM_STATES, help=f"states at random (default: {RANDOM_STATES})")
    add("--first", metavar="N", type=int, default=0, help="begin with this one of them (default: 0)")
    add("--seed", metavar="N", type=int, default=SEED, help=f"of the random states (default: {SEED})")
    add("--only", metavar="PATTERN", action="append", default=[], help="only states of such names (may be repeated)")
    add("--sample", action="store_true", help="three states in all: one of every plain plant, two at random")
    add("--part", metavar="K/N", type=part, default=(1, 1), help="only every Nth of these states, from the Kth on")
    add("--done", metavar="FILE", type=Path, action="append", default=[], help="not the states of this report")
    add("--join", metavar="FILE", type=Path, nargs="+", help="instead: the figures of the reports of parts, as one")
    add("--no-plans", action="store_true", help="predictions alone: no plan is run, which takes half of the time")
    add("--jobs", metavar="N", type=int, default=2, help="virtual machines at once (default: 2)")
    add(
        "--cache",
        metavar="DIR",
        type=Path,
        default=default_cache(),
        help="of the images (default: %(default)s)",
    )
    add("--report", metavar="FILE", type=Path, help="write the figures, and every verdict, as JSON")
    add("--release", choices=RELEASES, default=RELEASES[0], help="of Debian (default: %(default)s)")
    add("--boots", metavar="N", type=int, help="instead: so many configurations of the next boot, by GRUB's own files")
    add("--keep", metavar="DIR", type=Path, help="with --boots: a capture of each before its reboot, and what came")
    add("--again", metavar="DIR", type=Path, help="instead: judge again what --keep kept, without a machine")
    add("--build", action="store_true", help="build the image anew")
    add("--power-cuts", metavar="N", type=int, help="instead: cut the power of an auditing node so many times")
    add("--witness", action="store_true", help="instead: an actor that nodecheck does not know, in Perl and in C")
    add("--docker", metavar="N", type=int, help="instead: docker's privileged container, restarted so many times")
    add("--captures", action="store_true", help="instead: capture each of these states, and judge the captures here")
    add("--list", action="store_true", help="print the states and what is planted in them")
    return parser.parse_args(words)


def chosen(args: argparse.Namespace) -> Iterator[State]:
    """The states that the options ask for."""
    states = [*curated(), *at_random(args.random, args.seed)[args.first :]]
    if args.sample:
        states = [next(curated()), *at_random(2, args.seed)]
    wanted = [state for state in states if not args.only or any(fnmatchcase(state.name, name) for name in args.only)]
    done = {proof.state for path in args.done for proof in read(path).proofs}
    left = [state for state in of_part(tuple(wanted), args.part) if state.name not in done]
    yield from [state._replace(plan=state.plan and not args.no_plans) for state in left]


def proofs(
    states: tuple[State, ...], cache: Path, jobs: int, release: str = RELEASES[0], build: bool = False
) -> Iterator[Proof]:
    """The proofs, in the order in which they are done."""
    made = image(cache, release, build)
    disk = prepared(made, cache)
    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(prove, state, disk, made.with_suffix(""), cache) for state in states]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            end_all()
            raise


def main(words: list[str]) -> int:
    """Run the suite: 0 where all is right or a known difference, 1 where not, 2 where it cannot run."""
    args = arguments(words)
    if args.join:
        return _join(args)
    states = tuple(chosen(args))
    if args.list:
        for state in states:
            print(f"{state.name}{' (mended)' if state.plan else ''}: {', '.join(plant.name for plant in state.plants)}")
        return 0
    if args.again:
        return _told(args, tuple(judged_again(args.again)))
    why = missing()
    if why is not None:
        print(f"tests.vm: {why}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if args.power_cuts is not None:
        return _power_cuts(args)
    if args.witness:
        return _witness(args)
    if args.docker is not None:
        return _docker(args)
    if args.captures:
        return _captures(args, states)
    if args.boots is not None:
        return _told(args, _boots(args))
    return _told(args, proofs(states, args.cache, args.jobs, args.release, args.build), len(states))


def _told(args: argparse.Namespace, found: Iterable[Proof], number: int | None = None) -> int:
    """Print each proof when it is there, keep the report, and print the figures of all."""
    done: tuple[Proof, ...] = ()
    start, of = time.monotonic(), commit()
    for proof in found:
        done = (*done, proof)
        place = len(done) if number is None else f"{len(done)}/{number}"
        print(f"[{place}]", "\n".join(told_of(proof)), flush=True)
        _write(args.report, Report(of, args.release, done, round(time.monotonic() - start)))
    print("\n".join(["", *table(done), f"{time.monotonic() - start:.0f} s"]))
    return 1 if failed(done) or not done else 0


def _boots(args: argparse.Namespace) -> Iterator[Proof]:
    """The configurations of the next boot that the options ask for."""
    made = image(args.cache, args.release, args.build, loader=True)
    done = {proof.state for path in args.done for proof in read(path).proofs}
    found = list(configurations(args.boots, args.seed))[args.first :]
    wanted = [one for one in found if not args.only or any(fnmatchcase(one.name, name) for name in args.only)]
    left = [one for one in of_part(tuple(wanted), args.part) if one.name not in done]
    if args.keep is not None:
        args.keep.mkdir(parents=True, exist_ok=True)
    return boots(left, started_by_loader(made, args.cache), args.cache, args.jobs, Kept(args.keep))


def _power_cuts(args: argparse.Namespace) -> int:
    made = image(args.cache, args.release, args.build)
    disk = prepared(made, args.cache)
    found = power_cuts(disk, made.with_suffix(""), args.cache, args.power_cuts, args.seed)
    print("\n".join(found.problems))
    print(
        f"{found.cuts} power cuts, {found.told} audits told, {found.recorded} recorded, {len(found.problems)} problems"
    )
    return 1 if found.problems or not found.told else 0


def _witness(args: argparse.Namespace) -> int:
    made = image(args.cache, args.release, args.build)
    disk = prepared(made, args.cache)
    wrong = 0
    for name, actor in actors():
        seen = caught(name, actor, disk, made.with_suffix(""), args.cache)
        print("\n".join([f"an actor in {name}", *seen.lines, *[f"WRONG {one}" for one in seen.problems]]), flush=True)
        wrong += len(seen.problems)
    return 1 if wrong else 0


def _captures(args: argparse.Namespace, states: tuple[State, ...]) -> int:
    made = image(args.cache, args.release, args.build)
    wrong = 0
    for one in captured(states, prepared(made, args.cache), made.with_suffix(""), args.cache):
        print(f"{one.state}: {one.bytes} bytes, {one.results} results, {len(one.differences)} lines differ", flush=True)
        print("".join([f"    {line}\n" for line in one.differences[:20]]), end="")
        wrong += len(one.differences)
    return 1 if wrong else 0


def _docker(args: argparse.Namespace) -> int:
    made = image(args.cache, args.release, args.build)
    lines, wrong = in_docker(prepared(made, args.cache), made.with_suffix(""), args.cache, args.docker)
    print("\n".join([*lines, *[f"WRONG {one}" for one in wrong]]))
    return 1 if wrong else 0


def _join(args: argparse.Namespace) -> int:
    try:
        report = joined(map(read, args.join))
    except Unlike as error:
        print(f"tests.vm: {error}", file=sys.stderr)
        return 2
    _write(args.report, report)
    print("\n".join([f"{report.release}, commit {report.commit}", *table(report.proofs), f"{report.seconds} s"]))
    return 1 if failed(report.proofs) or not report.proofs else 0


def _write(path: Path | None, report: Report) -> None:
    if path is not None:
        path.write_text(report.text(), encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
