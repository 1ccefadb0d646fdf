"""Print the completion script of a shell, made from the same parsers as --help."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from nodecheck.cli.start import write

if TYPE_CHECKING:
    from nodecheck.shell.grammar import Verb

SHELLS = ("bash", "zsh", "fish")

EPILOG = """\
  bash  . <(nodecheck completion bash)
  zsh   nodecheck completion zsh > ~/.zfunc/_nodecheck    (a directory of $fpath, before compinit)
  fish  nodecheck completion fish > ~/.config/fish/completions/nodecheck.fish
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck completion``."""
    parser.epilog = EPILOG
    parser.add_argument("shell", choices=SHELLS, metavar="|".join(SHELLS), help="whose completion")


def main(args: argparse.Namespace) -> int:
    """Print the script."""
    write(completion(args.shell))
    return 0


def completion(shell: str) -> str:
    """The script of a shell."""
    from importlib import import_module

    text: str = import_module(f"nodecheck.shell.{shell}").script(verbs())
    return text


def verbs() -> tuple[Verb, ...]:
    """Every verb of the command, as data."""
    from nodecheck.cli.start import verb_parser
    from nodecheck.cli.verbs import VERBS
    from nodecheck.shell.grammar import verb

    return tuple(verb(name, told, verb_parser(name)[1], partial(_formats, name)) for name, told in VERBS.items())


def _formats(verb: str, option: str) -> tuple[str, ...]:
    if verb == "plan":
        from nodecheck.cli.plan_verb import FORMS

        return tuple(FORMS)
    from nodecheck.render.outputs import BUILT_IN

    return ("text", "json") if (verb, option) == ("audit", "format") else tuple(BUILT_IN)
