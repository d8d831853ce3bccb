"""The page of all model cards as Markdown, from what the recipes measured.

Owns the layout (the sections of Mitchell et al., "Model Cards for Model Reporting", 2019, as far as they apply); every
figure and limit comes from ``card.json``. Loads no model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.specs import ModelSpec


def build_models_page(models: Iterable[ModelSpec]) -> str:
    """Return one Markdown page with a section for each model."""
    return "\n".join(_lay_out(models)).rstrip() + "\n"


def _lay_out(models: Iterable[ModelSpec]) -> Iterator[str]:
    yield "<!-- Written by `make docs` from assets/models/*/card.json. -->"
    yield "# Models\n"
    yield "Figures were measured by the recipes in `core/training/`; intervals are at 95 %."
    for spec in models:
        card = spec.card
        data = card["data"]
        yield f"\n## {spec.model_id}\n"
        yield f"{card['summary']}\n"
        yield "| | |\n|---|---|"
        yield f"| task | `{spec.task}` |"
        yield f"| learned numbers | {spec.num_parameters:,} |"
        yield f"| size | {spec.size_bytes / 1e6:.2f} MB |"
        yield f"| licence | {spec.license} |"
        yield f"| data | {data['name']} ({data['license']}): {data['source']} |"
        yield f"| split | {data['split']} |"
        yield f"| recipe | `vitrine train {card['recipe']}`, seed {card['seed']} |"
        yield f"| built with | {', '.join(f'{name} {version}' for name, version in card['built_with'].items())} |"
        yield "\n| figure | value | 95 % interval | measured on |\n|---|---|---|---|"
        yield from map(_lay_out_metric, card["metrics"])
        yield "\nLimits:\n"
        yield from (f"* {limit}" for limit in card["limits"])


def _lay_out_metric(metric: Mapping[str, Any]) -> str:
    has_interval = metric["low"] is not None and metric["high"] is not None
    interval = f"{metric['low']:.4g} to {metric['high']:.4g}" if has_interval else "not measured"
    name = metric["name"].replace("_", " ")
    return f"| {name} | {metric['value']:.4g} | {interval} | {metric['n']:,} ({metric['split']}); {metric['note']} |"
