"""``vitrine models``: which models there are, and what their cards say. Loads none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from app.commands.output import say_size, show, show_json, show_table
from core.registry import get_model, list_models
from core.specs import ModelSpec
from core.wording import get_words


def list_(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List the models (words in ``cli.yaml``)."""
    specs = list_models()
    if as_json:
        show_json([to_json_view(spec) for spec in specs])
        return
    show_table(
        [
            tuple(get_words("cli.says.models-columns")),
            *(
                (s.model_id, _say_task(s), s.dataset, f"{s.num_parameters:,}", say_size(s.size_bytes))
                for s in specs
            ),
        ],
        right=(3, 4),
    )


def show_card(
    model: Annotated[str, typer.Argument(metavar="MODEL")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Show one model's card (words in ``cli.yaml``)."""
    spec = get_model(model)
    if as_json:
        show_json({**to_json_view(spec), "card": dict(spec.card)})
        return
    show("model-title", model_id=spec.model_id, task=_say_task(spec))
    typer.echo(str(spec.card.get("summary", "")))
    typer.echo()
    facts = [
        ("data", _say_data(spec.card.get("data", {}))),
        ("parameters", f"{spec.num_parameters:,}"),
        ("size", say_size(spec.size_bytes)),
        ("license", spec.license),
        *(("metrics", _say_metric(metric)) for metric in spec.card.get("metrics", ())),
        *(("limits", limit) for limit in spec.card.get("limits", ())),
    ]
    words = get_words("cli.says.card")
    names = [name for name, _ in facts]
    first = [name not in names[:index] for index, name in enumerate(names)]
    show_table([(words[name] if new else "", fact) for (name, fact), new in zip(facts, first, strict=True)])


def to_json_view(spec: ModelSpec) -> dict[str, Any]:
    """Return one row of ``models list --json``."""
    return {
        "model_id": spec.model_id,
        "task": spec.task,
        "dataset": spec.dataset,
        "num_parameters": spec.num_parameters,
        "size_bytes": spec.size_bytes,
        "license": spec.license,
        "source": spec.source,
        "metrics": spec.card.get("metrics", {}),
    }


def _say_task(spec: ModelSpec) -> str:
    return get_words("cli.says.tasks").get(spec.task, spec.task)


def _say_data(data: Mapping[str, Any]) -> str:
    return ", ".join(str(data[name]) for name in ("name", "source", "license", "split") if name in data)


def _say_metric(metric: Mapping[str, Any]) -> str:
    low, high = metric.get("low"), metric.get("high")
    between = "" if low is None or high is None else f" ({low:.3g} to {high:.3g})"
    figure = f"{metric['name']} {metric['value']:.3g}{between}"
    return f"{figure}, {metric['split']}, n = {metric['n']:,}; {metric['note']}"
