"""Where the verbs about the history find it."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from nodecheck.errors import ConfigError, NodecheckError, UsageError

if TYPE_CHECKING:
    from nodecheck.audit.keep import Limits


def add_state(parser: argparse.ArgumentParser) -> None:
    """The options that say where the history is."""
    parser.add_argument("--config", metavar="FILE", help="the configuration (default: /etc/nodecheck/nodecheck.toml)")
    add_state_alone(parser)


def add_state_alone(parser: argparse.ArgumentParser) -> None:
    """The option that says where the history is, without the configuration's."""
    add = parser.add_argument
    add("--state", metavar="DIR", help="the state directory (default: the configuration's, /var/lib/nodecheck, …)")


def limits_of(args: argparse.Namespace) -> Limits:
    """How large the history may be."""
    from nodecheck.config.load import load_config

    return load_config(args.config).limits


def state_directory(args: argparse.Namespace) -> str:
    """The state directory to read.

    A user who has no history of their own means the node's, in root's state directory.
    """
    from nodecheck.audit.opening import NAME
    from nodecheck.audit.place import ROOTS, default_directory
    from nodecheck.config.load import load_config

    if args.state == "":
        raise UsageError("--state: expected a directory, found nothing")
    if args.state is not None:
        return str(args.state)
    try:
        of_config = load_config(args.config).state
    except ConfigError:
        if args.config is not None or os.geteuid() == 0:
            raise
        of_config = None  # root's own configuration need not be readable by whoever may read the history
    if of_config is not None:
        return of_config
    try:
        own = default_directory(os.environ, os.geteuid())
    except NodecheckError:
        return ROOTS
    return own if os.path.exists(f"{own}/{NAME}") or not os.path.exists(f"{ROOTS}/{NAME}") else ROOTS
