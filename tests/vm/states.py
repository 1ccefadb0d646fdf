"""The states of a node that the suite makes: each with many plants, drawn up by hand or at random."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from nodecheck.record import NamedTuple
from tests.vm.plant import Plant
from tests.vm.plants import ACTING, LATE, MOUNTS, PLANTS, WANTED
from tests.vm.plants.draw import drawn

RANDOM_STATES = 50
SEED = 20261123

MOST_PLANTS = 40
"""Plants of one state: an emulated node is slow, and each check has its deadline there too."""

MODULES = ("br_netfilter", "ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "nf_conntrack")
"""What a state is asked for that is about no module: the check's own list, each by name, so that each is judged."""

_BY_NAME = {plant.name: plant for plant in PLANTS}


class State(NamedTuple):
    """One state: what is planted, and whether the plan is put to the proof on it."""

    name: str
    plants: tuple[Plant, ...]
    plan: bool = True

    @property
    def words(self) -> str:
        """The kernel's command line, beside what every node has."""
        return " ".join([plant.words for plant in self.plants if plant.words])

    @property
    def second_disk(self) -> bool:
        """Whether the node has a second disk."""
        return any(plant.second_disk for plant in self.plants)

    @property
    def areas(self) -> tuple[str, ...]:
        """The swap areas that it is about."""
        files = [f"/swap/{name}" for plant in self.plants for name in plant.swapfiles]
        return (*files, *[area for plant in self.plants for area in plant.areas])

    def about(self, kind: str) -> tuple[str, ...]:
        """The subjects of ``sysctls``, ``modules`` or ``services``, sorted."""
        return tuple(sorted({name for plant in self.plants for name in getattr(plant, kind)}))

    def profile(self) -> str:
        """The profile, in TOML, that asks for all that it is about."""
        import json

        told = json.dumps
        sysctls = ", ".join([f"{told(key)} = {told(WANTED[key])}" for key in self.about("sysctls")])
        lines = ['schema = "nodecheck.profile/1"', 'name = "vm"', 'extends = "kubernetes"']
        lines += ["[check.selinux]", 'allow = ["disabled", "permissive"]']
        for check, value in (
            ("sysctl", f"{{ {sysctls} }}" if sysctls else ""),
            ("kernel-module", told(self.about("modules") or MODULES)),
            ("service", told(self.about("services")) if self.about("services") else ""),
        ):
            lines += [f"[check.{check}]", f"require = {value}"] if value else []
        return "\n".join([*lines, ""])


def _exclusive(plants: Iterable[Plant], by_key: bool = False) -> tuple[Plant, ...]:
    """The plants but for those whose slot, or whose files, an earlier one has; ``by_key`` whose sysctls too."""
    slots: set[str] = set()
    kept = []
    for plant in plants:
        mine = {plant.slot, *[path for path in plant.files if path[0] != "+"], *plant.swapfiles, *plant.areas} - {""}
        mine |= set(plant.sysctls if by_key else ())
        if not mine & slots:
            kept.append(plant)
            slots |= mine
    return tuple(kept)


def _each_once(name: str, plants: Iterable[Plant], by_key: bool = False, plan: bool = True) -> Iterator[State]:
    """As few states as hold every plant once."""
    left = list(plants)
    number = 0
    while left:
        number += 1
        chosen = _exclusive(left, by_key)[:MOST_PLANTS]
        yield State(f"{name} {number}", chosen, plan)
        left = [plant for plant in left if plant not in chosen]


def curated() -> Iterator[State]:
    """States in which every plant is planted at least once."""
    yield from _each_once("plain", PLAIN)
    yield from _each_once("late", LATE)
    yield from _each_once("mounts", MOUNTS, plan=False)
    tuned = [plant for plant in ACTING if plant.slot == "tuned"]  # it applies sysctl.d again, after the others
    yield from _each_once("acting", [plant for plant in ACTING if plant not in tuned], by_key=True, plan=False)
    yield from [State(plant.name, (plant,), plan=False) for plant in tuned]
    for plant in UPSETTING:
        some = random.Random(plant.name).sample(PLAIN, 16)
        yield State(plant.name, _exclusive([plant, *some]), plan="masked" in plant.name)
    for plant in PLANTS:
        if plant.second_disk:
            yield State(plant.name, (plant,))
    worded = [plant for plant in PLANTS if plant.words]
    yield from _each_once("words", [plant for plant in worded if _is_about_something(plant)])
    swaps = tuple([_BY_NAME[name] for name in _OF_SWAP])
    for plant in worded:
        if not _is_about_something(plant):
            yield State(plant.name, (plant, *swaps), plan=False)


PLAIN = tuple([plant for plant in PLANTS if not (plant.words or plant.second_disk or plant.upsets)])
UPSETTING = tuple([plant for plant in PLANTS if plant.upsets])
_OF_SWAP = ("fstab plain", "fstab nofail", "swap unit a", "swap unit b", "zram sized")


def _is_about_something(plant: Plant) -> bool:
    return bool(plant.sysctls or plant.modules or plant.services or plant.swapfiles)


def at_random(number: int, seed: int = SEED) -> tuple[State, ...]:
    """States of plants that were drawn, and of files whose names and lines were; every fifth is mended too."""
    return tuple([_at_random(place, seed) for place in range(number)])


def _at_random(place: int, seed: int) -> State:
    draw = random.Random(f"{seed}.{place}")
    chosen = draw.sample(PLAIN, draw.randint(8, 16))
    if draw.random() < 0.25:
        chosen.insert(0, draw.choice(UPSETTING))
    chosen += drawn(draw)
    draw = random.Random(f"{seed}.{place} acting")  # of its own: the rest is what it always was
    chosen += draw.sample([plant for plant in ACTING if not plant.upsets], draw.randint(3, 8))
    return State(f"random {seed}.{place}", _exclusive(chosen), plan=place % 5 == 0)
