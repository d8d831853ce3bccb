"""``vitrine train``: make a bundled model again, by its recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.output import note, show, show_json
from core.training.recipes import TrainingProgress, get_recipe
from core.training.recipes import train as run_recipe


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE")],
    out: Annotated[Path, typer.Option(metavar="DIR")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Run a recipe (words in ``cli.yaml``)."""
    found = get_recipe(recipe)
    note("train-begins", description=found.description)
    folder = run_recipe(found.recipe_id, out, _Progress())
    if as_json:
        show_json({"recipe_id": found.recipe_id, "model_id": found.model_id, "path": str(folder)})
    else:
        show("written", path=folder)


class _Progress:
    """Writes a line at each new stage and at every tenth part of it: true steps, short enough for a log."""

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None

    def __call__(self, progress: TrainingProgress) -> None:
        tenth = 10 * progress.step // max(progress.num_steps, 1)
        if (progress.stage, tenth) == self._last:
            return
        self._last = (progress.stage, tenth)
        values = ", ".join(f"{name} {value:.4g}" for name, value in progress.values.items())
        note(
            "train-step",
            stage=progress.stage,
            step=progress.step,
            num_steps=progress.num_steps,
            values=values,
        )
