"""``vitrine explain``: say which parts of a picture an answer hangs on, and whether that can be trusted."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.inputs import read_inputs
from app.commands.output import show, show_json
from app.commands.predict import show_how
from app.commands.views import get_attribution, view_explanation
from core.engine import get_engine
from core.errors import IncompatibleError, InputError
from core.registry import get_explainer, get_model, list_explainers
from core.requests import ExplainRequest
from core.results import Answer, Attribution
from core.wording import get_words

_SHADES = ".:-=+*#%@"


def explain(
    model: Annotated[str, typer.Argument(metavar="MODEL")],
    input_: Annotated[str, typer.Argument(metavar="INPUT")],
    method: Annotated[str | None, typer.Option(metavar="METHOD")] = None,
    label: Annotated[str | None, typer.Option(metavar="LABEL")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Say why the model answers as it does (words in ``cli.yaml``)."""
    spec = get_model(model)
    methods = [explainer.method for explainer in list_explainers(spec.task)]
    if method is not None:
        get_explainer(method)  # an unknown name is another mistake than one that does not fit this model
    if not methods or (method is not None and method not in methods):
        raise IncompatibleError("method-incompatible", method=method or "", model_id=spec.model_id)
    inputs = read_inputs(spec, input_)
    if len(inputs) != 1:
        raise InputError("cli-rows-too-many", max_rows=1)
    answer = get_engine().run(
        ExplainRequest(spec.model_id, inputs[0], method=method or methods[0], label=label)
    )
    if as_json:
        show_json(view_explanation(answer))
    else:
        _show(answer)


def _show(answer: Answer) -> None:
    result = get_attribution(answer)
    row, column = result.order()[0]
    show("explanation", label=result.label, prob=result.prob)
    show(
        "explanation-strongest" if result.scores[row][column] > 0 else "explanation-flat",
        row=row + 1,
        column=column + 1,
        patch_size=result.patch_size,
        after=result.prob - result.scores[row][column],
        prob=result.prob,
    )
    typer.echo()
    for line in _draw(result):
        typer.echo("  " + line)
    typer.echo()
    show("explanation-trusted" if result.faithfulness.is_better_than_random else "explanation-not-trusted")
    typer.echo(get_words("cli.says.explanation-limit"))
    show_how(answer)


def _draw(result: Attribution) -> list[str]:
    """Draw the map in characters: the darker, the more hiding this patch would hurt."""
    highest = max(max(row) for row in result.scores) or 1.0
    shades = [[max(0.0, score / highest) if highest > 0 else 0.0 for score in row] for row in result.scores]
    return [
        " ".join(2 * _SHADES[round(shade * (len(_SHADES) - 1))] for shade in row).rstrip() for row in shades
    ]
