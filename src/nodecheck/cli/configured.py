"""What the node's configuration adds to the options of a verb, on the live node alone."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from nodecheck.config import DEFAULT_PATH
from nodecheck.errors import ConfigDenied, ConfigError, ProfileError, UsageError
from nodecheck.report.parts import ConfigUsed
from nodecheck.running.request import NO_SITE, Site

if TYPE_CHECKING:
    from nodecheck.config.model import Config


def add_config(parser: argparse.ArgumentParser) -> None:
    """The options that say which configuration counts."""
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--config", metavar="FILE", help=f"the configuration (default: {DEFAULT_PATH}, of the live node)")
    one.add_argument("--no-config", action="store_true", help="as if there were no configuration")


def site_of(args: argparse.Namespace) -> Site:
    """What the configuration says that the node is to be. Raises ConfigError.

    Without ``--config`` only the live node has one. A user who may not read it goes on without it, and the report says
    so.
    """
    if args.config == "":
        raise UsageError("--config: expected a file, found nothing")
    if args.no_config or (args.config is None and (getattr(args, "root", None) is not None or not _is_there())):
        return NO_SITE
    from nodecheck.config.site import site_of_file

    try:
        return site_of_file(args.config)
    except ConfigDenied as error:
        if args.config is not None or os.geteuid() == 0:
            raise without(error, args) from error
        return Site(used=ConfigUsed((), str(error).removeprefix("config ")))
    except ConfigError as error:
        raise without(error, args) from error


def config_of(args: argparse.Namespace) -> Config:
    """The configuration of the audit, which also says how it goes. Raises ConfigError."""
    from nodecheck.config.load import load_config
    from nodecheck.config.model import Config

    if args.no_config:
        return Config()
    try:
        return load_config(args.config)
    except ConfigError as error:
        raise without(error, args) from error


def _is_there() -> bool:
    """Whether there is a configuration, or this user may not look."""
    for path in (DEFAULT_PATH, f"{DEFAULT_PATH}.d"):
        try:
            os.lstat(path)
            return True
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return True
    return False


def without(error: UsageError, args: argparse.Namespace) -> UsageError:
    """The same error, which names ``--no-config`` where nobody asked for the configuration that is wrong."""
    return error if args.config is not None else ConfigError(f"{error} (--no-config goes on without the configuration)")


def blamed(error: ProfileError, args: argparse.Namespace, site: Site) -> UsageError:
    """The error of a profile or of waivers, which names ``--no-config`` where the configuration asked for them."""
    asked = (not args.profile and site.profile) or (site.waivers and not getattr(args, "waivers", ()))
    return without(error, args) if asked and site.used is not None else error
