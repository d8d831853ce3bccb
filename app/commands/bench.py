"""``vitrine bench``: measure Vitrine against its named peers, and say by which factor it is better."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from app.bench import run_benches
from app.bench.measurement import Report
from app.commands.output import note, show, show_table, to_json
from core.errors import StartError
from core.wording import get_words


def bench(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]")] = None,
    runs: Annotated[int, typer.Option(min=1, max=100, metavar="NUMBER")] = 7,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Run one bench or all (words in ``cli.yaml``)."""
    if file is not None and not os.access(
        file.absolute().parent, os.W_OK
    ):  # say so before minutes of measuring
        raise StartError("cli-folder-unwritable", folder=file.absolute().parent.name)
    report = run_benches(name, runs, on_progress=lambda line: note("bench-step", line=line))
    if file is not None:
        file.write_text(to_json(report.to_json()) + "\n", encoding="utf-8")
        note("written", path=file)
    if as_json and file is None:
        typer.echo(to_json(report.to_json()))
    else:
        _show(report)


def _show(report: Report) -> None:
    show("bench-machine", **report.machine)
    typer.echo()
    lines = [
        (r.metric, f"{r.value:.3g}", r.unit, r.peer, f"{r.peer_value:.3g}", f"{r.ratio:.2f} x")
        for r in report.results
    ]
    show_table([tuple(get_words("cli.says.bench-columns")), *lines], right=(1, 4, 5))
