"""``vitrine generate``: let a model make new rows or new pictures; pictures become PNG files."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from app.commands.output import show, show_json, show_table
from app.commands.predict import show_how
from app.commands.views import view_generated
from core.engine import get_engine
from core.errors import IncompatibleError, StartError
from core.registry import get_model
from core.requests import GenerateRequest, Picture
from core.results import Answer, GeneratedPictures, GeneratedRows

PNG_SIDE = 224


def generate(
    model: Annotated[str, typer.Argument(metavar="MODEL")],
    label: Annotated[str | None, typer.Option(metavar="LABEL")] = None,
    seed: Annotated[int, typer.Option(metavar="NUMBER")] = 0,
    num: Annotated[int, typer.Option(metavar="NUMBER")] = 1,
    out: Annotated[Path | None, typer.Option(metavar="DIR")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Make new samples (words in ``cli.yaml``)."""
    spec = get_model(model)
    if spec.can_predict:
        raise IncompatibleError("model-cannot-generate", model_id=spec.model_id)
    request = GenerateRequest(spec.model_id, label=label, num=num, seed=seed)
    answer = get_engine().run(request)
    paths = _write(answer, out)
    if as_json:
        show_json(view_generated(answer, request, paths))
        return
    if isinstance(answer.result, GeneratedRows):
        _show_rows(answer.result)
    for path in paths:
        show("written", path=path)
    show_how(answer)


def _show_rows(rows: GeneratedRows) -> None:
    header = ("", *(name for name, _ in rows.rows[0].values))
    lines = [(row.label, *(f"{number:g}" for _, number in row.values)) for row in rows.rows]
    show_table([header, *lines], right=range(1, len(header)))


def _write(answer: Answer, out: Path | None) -> list[Path]:
    """Write what was made; return the files. Pictures go to the current folder unless another one is named.

    The name says how it was made (model, label, seed), so the same request writes the same file again.
    """
    result = answer.result
    if isinstance(result, GeneratedRows) and out is None:
        return []
    folder = out or Path()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(result, GeneratedPictures):
            return [
                _write_png(folder / f"{answer.model_id}-{made.label}-seed{made.seed}.png", made.picture)
                for made in result.pictures
            ]
        if isinstance(result, GeneratedRows):
            return [_write_csv(folder / f"{answer.model_id}-seed{result.rows[0].seed}.csv", result)]
    except OSError as error:
        raise StartError("cli-folder-unwritable", folder=folder.name or ".") from error
    raise TypeError(type(result).__name__)


def _write_csv(path: Path, result: GeneratedRows) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["label", *(name for name, _ in result.rows[0].values)])
        writer.writerows([row.label, *(number for _, number in row.values)] for row in result.rows)
    return path


def _write_png(path: Path, picture: Picture) -> Path:
    """Write ink on paper, every pixel of the model as a square that an eye can see."""
    from PIL import Image

    height, width = picture.shape
    grey = bytes(round(255 * (1 - min(max(ink, 0.0), 1.0))) for row in picture.pixels for ink in row)
    factor = max(1, PNG_SIDE // max(height, width))
    Image.frombytes("L", (width, height), grey).resize((width * factor, height * factor), 0).save(
        path
    )  # 0: nearest
    return path
