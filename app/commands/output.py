"""How the command line shows things: JSON for programs, columns for people, errors as three sentences.

Owns the layout of text on a terminal and the safety of the streams. Knows no command and no model.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

from core.errors import StartError
from core.wording import ErrorWords, explain_error, get_words, say


def make_streams_safe() -> None:
    """Write UTF-8 whatever the locale says, and replace what cannot be written rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def drop_what_is_left() -> None:
    """After the reader of a pipe has gone: nothing more is written, not even at the end of the process."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def show_json(value: Any) -> None:
    """Write one JSON document."""
    typer.echo(to_json(value))


def to_json(value: Any) -> str:
    """Return JSON that any program can read: no NaN, no escapes where none are needed."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)


def show(key: str, /, **values: object) -> None:
    """Write one sentence of ``cli.yaml`` for people."""
    typer.echo(str(say(f"cli.says.{key}", **values)))


def note(key: str, /, **values: object) -> None:
    """Write one sentence beside the result, on stderr: progress, where a file was written."""
    typer.echo(str(say(f"cli.says.{key}", **values)), err=True)


def show_table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Write rows in columns; the columns in ``right`` are numbers and end on the same edge."""
    if not rows:
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        pairs = enumerate(zip(row, widths, strict=True))
        cells = [cell.rjust(width) if i in right else cell.ljust(width) for i, (cell, width) in pairs]
        typer.echo("  ".join(cells).rstrip())


def say_size(size_bytes: float) -> str:
    """Say an amount of bytes as people do: ``12 kB``, ``3.4 MB``, ``8 GB``."""
    for unit in ("bytes", "kB", "MB"):
        if size_bytes < 1000:
            return f"{size_bytes:.{_count_decimals(size_bytes, unit)}f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.{_count_decimals(size_bytes, 'GB')}f} GB"


def _count_decimals(amount: float, unit: str) -> int:
    return 1 if amount < 10 and unit != "bytes" else 0


def show_error(error: BaseException, *, as_json: bool) -> None:
    """Say an error: three sentences on stderr, or with ``--json`` the object of the REST API on stdout."""
    key, words = _word(error)
    if as_json:
        show_json({"error": {"key": key, "what": words.what, "means": words.meaning, "do": words.advice}})
    else:
        typer.echo(str(words), err=True)


def make_printable(text: str, longest: int = 40) -> str:
    """Return a short piece of what somebody typed, without characters that could steer a terminal."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text.strip())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def _word(error: BaseException) -> tuple[str, ErrorWords]:
    if isinstance(error, typer.TyperException):
        entry = get_words("cli.says.wrong-use")
        command = getattr(getattr(error, "ctx", None), "command_path", "vitrine")
        what = make_printable(error.format_message(), 300)
        return "wrong-use", ErrorWords(what, entry["means"], entry["do"].format(command=command))
    try:
        return getattr(error, "key", "unexpected"), explain_error(error)
    except KeyError:  # an error that nobody has worded yet must not end in a traceback
        return _word(RuntimeError())
    except StartError as wrong:  # the language itself comes from a setting, and the settings cannot be read
        name, problem = wrong.values.get("name"), wrong.values.get("problem")
        return wrong.key, ErrorWords(f"{name}: {problem}.", "Nothing was done.", "Correct it, or remove it.")
