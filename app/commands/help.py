"""The words of ``--help``: taken from ``cli.yaml`` and hung on the commands and their options.

Owns how help is laid out. Knows no single command: a command or an option without an entry is a KeyError, and
a test visits all of them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from typer.core import TyperGroup

from core.wording import get_words

_KEEP_LINES = "\b"  # tells the layout to leave the lines of this paragraph as they are


def word_command(command: Any, path: str = "vitrine") -> None:
    """Give a command, its options and all commands below it their words."""
    for name, one in walk_commands(command, path):
        words = get_words("cli.commands")[name]
        one.short_help = words["about"]
        one.help = "\n\n".join(_lay_out(words))
        shared = get_words("cli.options")
        own = words.get("options", {})
        for param in one.params:
            param.help = own.get(param.name) or shared[param.name]


def walk_commands(command: Any, path: str = "vitrine") -> Iterator[tuple[str, Any]]:
    """Yield (``vitrine models list``, command) for a command and all below it, in the order of the help."""
    yield path, command
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from walk_commands(child, f"{path} {name}")


def _lay_out(words: dict[str, Any]) -> Iterator[str]:
    yield words["about"]
    if more := words.get("more"):
        yield from (" ".join(paragraph.split()) for paragraph in more.strip().split("\n\n"))
    if examples := words.get("examples"):
        yield (
            _KEEP_LINES + "\n" + get_words("cli.examples") + "\n" + textwrap.indent("\n".join(examples), "  ")
        )
