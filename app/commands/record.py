"""``vitrine record``: write the recorded answers again, from the shipped models."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.output import make_printable, note, show, show_json
from core.engine import get_engine
from core.engine.recordings import write_recording
from core.errors import NotFoundError


def record(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Write one recording or all (words in ``cli.yaml``)."""
    from app.examples import RECORDED

    if name is not None and name not in RECORDED:
        raise NotFoundError("recording-unknown", name=make_printable(name))
    written = []
    for one in RECORDED if name is None else (name,):
        path = write_recording(one, RECORDED[one](), get_engine())
        written.append({"name": one, "path": str(path)})
        (note if as_json else show)("written", path=path)
    if as_json:
        show_json(written)
