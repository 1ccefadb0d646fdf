"""Print the completion script of a shell, made from the same parsers as --help."""

from __future__ import annotations

import argparse

from nodecheck.cli.start import write

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

    from nodecheck.shell.grammar import verbs

    text: str = import_module(f"nodecheck.shell.{shell}").script(verbs())
    return text
