"""``vitrine serve``: the whole suite on one port, until it is stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.output import show, show_json
from core.settings import get_settings


def serve(
    host: Annotated[str | None, typer.Option(metavar="ADDRESS")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, metavar="PORT")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Start the server (words in ``cli.yaml``)."""
    from app.server import serve as run_server  # Streamlit and Starlette: only for this command

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    run_server(get_settings().model_copy(update=given), on_ready=_show_json if as_json else _show)


def _show(address: str) -> None:
    show("serving", address=address)


def _show_json(address: str) -> None:
    show_json({"address": address})
