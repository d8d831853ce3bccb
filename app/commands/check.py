"""``vitrine check``: is this machine ready for class? Says each check in a sentence, exits 1 on a problem."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands import readiness
from app.commands.output import note, show, show_json
from core.settings import get_settings
from core.wording import say


def check(
    port: Annotated[int | None, typer.Option(min=0, max=65535, metavar="PORT")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Check this machine (words in ``cli.yaml``)."""
    settings = get_settings()
    if port is not None:
        settings = settings.model_copy(update={"port": port})
    if not as_json:
        note("check-begins")
    outcomes = []
    for outcome in readiness.run_checks(settings):
        outcomes.append(outcome)
        if not as_json:
            show("check-ok" if outcome.is_ok else "check-problem", sentence=str(say(outcome.message)))
    problems = sum(not outcome.is_ok for outcome in outcomes)
    if as_json:
        checks = [{"check": o.check, "ok": o.is_ok, "message": str(say(o.message))} for o in outcomes]
        show_json({"ready": not problems, "checks": checks})
    else:
        show("check-problems" if problems else "check-ready", count=problems)
    if problems:
        raise typer.Exit(1)
