"""What the node's configuration adds to the options of a verb, on the live node alone."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from nodecheck.errors import ConfigDenied, ConfigError, ProfileError, UsageError
from nodecheck.report.parts import ConfigUsed
from nodecheck.running.request import Site

if TYPE_CHECKING:
    from nodecheck.config.model import Config


def read_site(args: argparse.Namespace) -> Site:
    """What the configuration says that the node is to be. Raises ConfigError.

    A user who may not read the node's own goes on without it, and the report says so.
    """
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

    if args.config == "":
        raise UsageError("--config: expected a file, found nothing")
    if args.no_config:
        return Config()
    try:
        return load_config(args.config)
    except ConfigError as error:
        raise without(error, args) from error


def without(error: UsageError, args: argparse.Namespace) -> UsageError:
    """The same error, which names ``--no-config`` where nobody asked for the configuration that is wrong."""
    return error if args.config is not None else ConfigError(f"{error} (--no-config goes on without the configuration)")


def blamed(error: ProfileError, args: argparse.Namespace, site: Site) -> UsageError:
    """The error of a profile or of waivers, which names ``--no-config`` where the configuration asked for them."""
    asked = (not args.profile and site.profile) or (site.waivers and not getattr(args, "waivers", ()))
    return without(error, args) if asked and site.used is not None else error
