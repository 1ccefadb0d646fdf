"""k3s and RKE2, whose agent runs a kubelet with arguments of its own (``pkg/daemons/agent`` of k3s)."""

from __future__ import annotations

import re

from nodecheck.errors import Absent
from nodecheck.facts.kubelet.flags import boolean_of
from nodecheck.facts.kubelet.places import AGENT_CONFIGS, AGENT_STATE, AGENT_UNITS
from nodecheck.facts.services.unit_command import Word
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, exists
from nodecheck.host.base import text


def embedded_swap_argument(host: Host, index: UnitIndex) -> Word | None:
    """The ``--fail-swap-on`` that the agent gives its kubelet: ``false`` unless its configuration says otherwise.

    None on a node that has neither. Raises what the host raises for a configuration that cannot be read.
    """
    for path in AGENT_CONFIGS:
        try:
            return swap_argument(text(host, path), path) or Word("false", path, 1)
        except Absent:
            continue
    for name in AGENT_UNITS:
        fragment = index.fragment(name)
        if fragment is not None:
            return Word("false", fragment, 1)
    found = next((path for path in AGENT_STATE if exists(host, path)), None)
    return None if found is None else Word("false", found, 1)


def swap_argument(source: str, path: str) -> Word | None:
    """The last ``fail-swap-on`` among the agent's ``kubelet-arg``.

    >>> swap_argument("kubelet-arg:\\n- fail-swap-on=true\\n", "x")
    Word(text='true', path='x', line=2)
    """
    found = None
    for number, line in enumerate(source.split("\n"), 1):
        match = None if line.lstrip(" \t").startswith("#") else re.search(r"fail-swap-on=([A-Za-z0-9]+)", line)
        state = boolean_of(match.group(1)) if match is not None else None
        if state is not None:
            found = Word("true" if state else "false", path, number)
    return found
