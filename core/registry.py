"""What exists: the models, data sets and explainers of the default set.

Owns the tables below; entry points are strings, so listing imports no framework. Whatever was *measured* about a
model (parameters, metrics, licence, limits) is in its ``card.json``, written by its recipe. Opens no weights.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module
from typing import Any

from core.assets import get_assets_dir
from core.errors import NotFoundError
from core.specs import DatasetSpec, ExplainerSpec, ModelSpec, Task

_MODELS: tuple[tuple[str, Task, str, str], ...] = (
    # model_id, task, dataset, entry point
    ("iris-classifier", "tabular-classification", "iris", "core.predictors.tabular:TabularClassifier"),
    ("iris-generator", "tabular-generation", "iris", "core.generators.tabular:MixtureGenerator"),
    ("digits-convnet", "image-classification", "digits", "core.predictors.image:ImageClassifier"),
    ("digits-diffusion", "class-to-image", "digits", "core.generators.diffusion:DiffusionGenerator"),
)

_DATASETS: tuple[DatasetSpec, ...] = (
    DatasetSpec("iris", "table", "core.data.datasets:load_iris"),
    DatasetSpec("digits", "image", "core.data.datasets:load_digits"),
)

_EXPLAINERS: tuple[ExplainerSpec, ...] = (
    ExplainerSpec("occlusion", frozenset({"image-classification"}), "core.explainers.occlusion:Occlusion"),
)


def list_models() -> tuple[ModelSpec, ...]:
    """Return every model, in the order in which screens show them. Reads the cards, loads nothing."""
    return tuple(_read_spec(*row) for row in _MODELS)


def get_model(model_id: str) -> ModelSpec:
    """Return one model's spec.

    Raises:
        NotFoundError: key ``model-unknown``.
    """
    for row in _MODELS:
        if row[0] == model_id:
            return _read_spec(*row)
    raise NotFoundError("model-unknown", model_id=model_id[:80])


@cache
def _read_spec(model_id: str, task: Task, dataset: str, entry_point: str) -> ModelSpec:
    card = json.loads((get_assets_dir() / "models" / model_id / "card.json").read_bytes())
    return ModelSpec(model_id, task, dataset, entry_point, card=card)


def list_datasets() -> tuple[DatasetSpec, ...]:
    """Return every data set."""
    return _DATASETS


def get_dataset(dataset_id: str) -> DatasetSpec:
    """Return one data set's spec.

    Raises:
        NotFoundError: key ``dataset-unknown``.
    """
    for spec in _DATASETS:
        if spec.dataset_id == dataset_id:
            return spec
    raise NotFoundError("dataset-unknown", dataset_id=dataset_id[:80])


def list_explainers(task: Task | None = None) -> tuple[ExplainerSpec, ...]:
    """Return every explainer, or those for one task."""
    return tuple(spec for spec in _EXPLAINERS if task is None or task in spec.tasks)


def get_explainer(method: str) -> ExplainerSpec:
    """Return one explainer's spec.

    Raises:
        NotFoundError: key ``method-unknown``.
    """
    for spec in _EXPLAINERS:
        if spec.method == method:
            return spec
    raise NotFoundError("method-unknown", method=method[:80])


def resolve(entry_point: str) -> Any:
    """Import what ``"module:name"`` names; this is where a framework may get imported."""
    module, _, name = entry_point.partition(":")
    return getattr(import_module(module), name)
