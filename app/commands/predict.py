"""``vitrine predict``: show a model one input, or the rows of a table, and say what it answers."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.inputs import read_inputs
from app.commands.output import note, show, show_json, show_table
from app.commands.views import get_classification, view_prediction
from core.engine import get_engine
from core.registry import get_model
from core.requests import PredictRequest
from core.results import Answer
from core.wording import say_percent

_BAR_WIDTH = 30


def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL")],
    input_: Annotated[str, typer.Argument(metavar="INPUT")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Say what an input is (words in ``cli.yaml``)."""
    spec = get_model(model)
    inputs = read_inputs(spec, input_)
    engine = get_engine()
    answers = [engine.run(PredictRequest(spec.model_id, one)) for one in inputs]
    if as_json:
        views = [view_prediction(answer) for answer in answers]
        show_json(views[0] if len(views) == 1 else views)
    elif len(answers) == 1:
        show_one(answers[0])
    else:
        _show_many(answers)


def show_one(answer: Answer) -> None:
    """Write the answer first, then how sure the model is of each label."""
    result = get_classification(answer)
    show("prediction", label=result.best.label, prob=result.best.prob)
    typer.echo()
    show_table(
        [(s.label, say_percent(s.prob), "#" * round(s.prob * _BAR_WIDTH)) for s in result.labels],
        right=(1,),
    )
    show_how(answer)


def show_how(answer: Answer) -> None:
    """Write, beside the answer, how long it took and where it was computed."""
    note("how", model_id=answer.model_id, elapsed_ms=answer.elapsed_ms, device=answer.placement.device)


def _show_many(answers: list[Answer]) -> None:
    results = [get_classification(answer) for answer in answers]
    show_table(
        [(str(number), r.best.label, say_percent(r.best.prob)) for number, r in enumerate(results, start=1)],
        right=(0, 2),
    )
    show_how(answers[-1])
