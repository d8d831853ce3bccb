"""From INPUT (a file, ``-`` or text) to what a model reads: rows of numbers or a picture.

Owns how a person may write a row: ``5.1, 3.5, 1.4, 0.2``, ``petal length=1.4, ...``, decimal commas with
semicolons, or a CSV file. What a picture may be is decided in ``core.data.pictures``. Knows no model.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.commands.output import make_printable
from core.errors import IncompatibleError, InputError
from core.hub import get_files
from core.registry import get_dataset
from core.requests import ModelInput, Picture, TableRow
from core.settings import get_settings
from core.specs import ModelSpec

MAX_ROWS = 50_000
MAX_COLUMNS = 500
MAX_CELL_CHARACTERS = 10_000
_NAMED = re.compile(r"\s*([^=:,;\n]+?)\s*[=:]\s*([^,;\n]*)")


def read_inputs(spec: ModelSpec, given: str) -> list[ModelInput]:
    """Return what INPUT holds: one picture, or one row or more.

    Raises:
        InputError: it cannot be read or is nothing that this model reads; the key says why.
        IncompatibleError: key ``model-cannot-predict``.
    """
    if not spec.can_predict:
        raise IncompatibleError("model-cannot-predict", model_id=spec.model_id)
    content = _read_stdin() if given == "-" else _read_file(given)
    if get_dataset(spec.dataset).kind == "image":
        if content is None:
            raise InputError("cli-file-missing", file=make_printable(given))
        return [_read_picture(content, get_input_size(spec))]
    if content is None and (given.lower().endswith((".csv", ".tsv", ".txt")) or os.sep in given):
        raise InputError("cli-file-missing", file=make_printable(given))
    return list(read_rows(given if content is None else _decode(content), get_feature_names(spec)))


def get_feature_names(spec: ModelSpec) -> list[str]:
    """Return the columns that a model of a table reads, from its configuration; the model is not loaded."""
    return [feature["name"] for feature in read_model_config(spec)["features"]]


def get_input_size(spec: ModelSpec) -> tuple[int, int]:
    """Return (height, width) of the pictures that a model reads; the model is not loaded."""
    height, width = read_model_config(spec)["input_size"]
    return height, width


def read_rows(text: str, names: Sequence[str]) -> list[TableRow]:
    """Return the rows of a text: one with names, or lines of numbers with or without a line of names above.

    Raises:
        InputError: not every row has one usable number for each name.
    """
    text = text.strip().lstrip("\ufeff")
    if not text:
        raise InputError("cli-row-empty", num_columns=len(names))
    if "=" in text or ":" in text:
        return [_read_named_row(text, names)]
    lines = _split_lines(text)
    columns: Sequence[int] = range(len(names))
    if not any(_is_number(cell) for cell in lines[0]):
        columns = _find_columns(lines.pop(0), names)
        if not lines:
            raise InputError("cli-row-empty", num_columns=len(names))
        width = None
    else:
        width = len(names)
    if len(lines) > MAX_ROWS:
        raise InputError("cli-rows-too-many", max_rows=MAX_ROWS)
    return [_read_line(line, columns, names, width) for line in lines]


def _read_picture(content: bytes, size: tuple[int, int]) -> Picture:
    """Return a picture file as the model reads it; what ``generate`` wrote comes back as it was."""
    from core.data.pictures import decode_picture, to_digit  # numpy

    pixels = decode_picture(content)  # (height, width, 3)
    factor = max(1, pixels.shape[0] // size[0])
    small = pixels[::factor, ::factor]
    is_enlarged = small.shape[:2] == size and (small.repeat(factor, 0).repeat(factor, 1) == pixels).all()
    if not is_enlarged or (small == small[0, 0]).all():  # one colour all over is blank
        return to_digit(pixels)
    return Picture(tuple(tuple(row) for row in (1 - small.mean(axis=2) / 255).tolist()))


def _read_line(
    line: Sequence[str], columns: Sequence[int], names: Sequence[str], width: int | None
) -> TableRow:
    if len(line) != width if width is not None else len(line) <= max(columns):
        raise InputError(
            "cli-columns-wrong", num_columns=len(names), num_given=len(line), columns=", ".join(names)
        )
    pairs = zip(names, (line[column] for column in columns), strict=True)
    return TableRow(tuple((name, _read_number(name, cell)) for name, cell in pairs))


def _read_named_row(text: str, names: Sequence[str]) -> TableRow:
    by_key = {_simplify(name): name for name in names}
    found: dict[str, float] = {}
    for typed, cell in _NAMED.findall(text):
        name = by_key.get(_simplify(typed))
        if name is None:
            raise InputError("cli-column-unknown", column=make_printable(typed), columns=", ".join(names))
        found[name] = _read_number(name, cell)
    if missing := [name for name in names if name not in found]:
        raise InputError("cli-columns-missing", columns=", ".join(missing))
    return TableRow(tuple((name, found[name]) for name in names))


def _split_lines(text: str) -> list[list[str]]:
    first = text.splitlines()[0]
    if len(first) > MAX_COLUMNS * 100 or sum(first.count(mark) for mark in ",;\t") >= MAX_COLUMNS:
        raise InputError("cli-columns-too-many", max_columns=MAX_COLUMNS)
    mark = next((mark for mark in (";", "\t", ",") if mark in first), None)
    if mark is None:
        return [line.split() for line in text.splitlines() if line.strip()]
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    try:
        rows = [
            row for row in csv.reader(text.splitlines(), delimiter=mark, skipinitialspace=True) if any(row)
        ]
    except csv.Error as error:
        raise InputError("cli-not-text") from error
    return [[cell.replace(",", ".") for cell in row] for row in rows] if mark == ";" else rows


def _find_columns(header: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return where each feature stands below a line of names; other columns are not read."""
    place = {_simplify(cell): index for index, cell in reversed(list(enumerate(header)))}
    if missing := [name for name in names if _simplify(name) not in place]:
        if len(missing) == len(names):
            text = make_printable(", ".join(header))
            raise InputError("cli-row-not-numbers", text=text, columns=", ".join(names))
        raise InputError("cli-columns-missing", columns=", ".join(missing))
    return [place[_simplify(name)] for name in names]


def _simplify(name: str) -> str:
    """``Petal_Length (cm)`` and ``petal length`` are the same column."""
    return re.sub(r"\(.*?\)|[^a-z0-9]", "", name.lower())


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read_number(name: str, cell: str) -> float:
    try:
        number = float(cell)
    except ValueError as error:
        raise InputError("cli-not-a-number", column=name, text=make_printable(cell)) from error
    if not math.isfinite(number):
        raise InputError("cli-not-a-number", column=name, text=make_printable(cell))
    return number


def _read_stdin() -> bytes:
    return _check_size(sys.stdin.buffer.read(get_settings().max_body_bytes + 1))


def _read_file(given: str) -> bytes | None:
    """Return what a file holds, or None where there is no such file."""
    path = Path(given)
    try:
        path.stat()
    except (OSError, ValueError):  # also what is too long for a name, or holds a character that no name has
        return None
    if not given:  # to Path, nothing is the current folder
        return None
    if path.is_dir():
        raise InputError("cli-file-is-folder", file=make_printable(path.name or given))
    try:
        with path.open("rb") as file:
            return _check_size(file.read(get_settings().max_body_bytes + 1))
    except OSError as error:
        raise InputError("cli-file-unreadable", file=make_printable(path.name)) from error


def _check_size(content: bytes) -> bytes:
    limit = get_settings().max_body_bytes
    if len(content) > limit:
        raise InputError("cli-file-too-large", limit_mb=limit / 1_000_000)
    return content


def _decode(content: bytes) -> str:
    if b"\x00" in content:
        raise InputError("cli-not-text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read_model_config(spec: ModelSpec) -> dict[str, Any]:
    """Return the ``config.json`` of a model, verified."""
    return json.loads(get_files(spec).read("config.json"))
