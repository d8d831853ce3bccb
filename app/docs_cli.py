"""The text of ``docs/command-line.md``, from the commands themselves; a test keeps the page current.

Owns the layout of that page, not a word of it: they are in ``cli.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.cli import build_command
from app.commands.help import walk_commands
from core.wording import get_words


def build_page() -> str:
    """Return the whole page."""
    return (
        "\n".join(["<!-- Written by `make docs` from app/cli.py and cli.yaml. -->", *_lay_out()]).rstrip()
        + "\n"
    )


def _lay_out() -> Iterator[str]:
    yield "# The command line\n"
    for path, command in walk_commands(build_command()):
        words = get_words("cli.commands")[path]
        if path != "vitrine":
            yield f"## `{path}`\n"
        yield words["about"] + "\n"
        if more := words.get("more"):
            yield more.strip() + "\n"
        yield "\n".join(["```console", *(f"$ {example}" for example in words["examples"]), "```\n"])
        if command.params:
            yield "\n".join(["| | |", "|---|---|", *(_lay_out_param(param) for param in command.params), ""])


def _lay_out_param(param: Any) -> str:
    if param.param_type_name == "argument":
        name = param.metavar or param.name
    else:
        name = ", ".join(param.opts) + (f" {param.metavar}" if not param.is_flag else "")
    return f"| `{name}` | {param.help.replace('|', chr(92) + '|')} |"
