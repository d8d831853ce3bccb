"""Which recipes exist, and how one is run.

Owns the table below and the form in which a recipe reports its progress. A recipe is imported only when it
is run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from core.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one bundled model was made."""

    recipe_id: str
    model_id: str
    description: str
    entry_point: str
    """``"module:function"`` with the signature ``(out_dir, on_progress)``."""


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """How far a recipe has come, in steps that were truly done."""

    recipe_id: str
    stage: str
    """``train``, ``validate`` or ``evaluate``."""
    step: int
    num_steps: int
    values: dict[str, float] = field(default_factory=dict[str, float])
    """What was measured at this step, such as ``loss``."""


OnProgress = Callable[[TrainingProgress], None]

_RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "iris-classifier",
        "iris-classifier",
        "Tells three iris species apart: logistic regression with calibrated probabilities (1 second).",
        "core.training.iris:train_classifier",
    ),
    Recipe(
        "iris-generator",
        "iris-generator",
        "Makes new iris flowers: one Gaussian mixture for each species (5 seconds).",
        "core.training.iris:train_generator",
    ),
    Recipe(
        "digits-convnet",
        "digits-convnet",
        "Reads 8x8 digits: a small residual network (10 minutes on one core).",
        "core.training.digits_convnet:train",
    ),
    Recipe(
        "digits-diffusion",
        "digits-diffusion",
        "Draws 8x8 digits: a small diffusion network (20 minutes on one core).",
        "core.training.digits_diffusion:train",
    ),
)


def list_recipes() -> tuple[Recipe, ...]:
    """Return every recipe, in the order in which they must run: judges before what they judge."""
    return _RECIPES


def get_recipe(recipe_id: str) -> Recipe:
    """Return one recipe.

    Raises:
        NotFoundError: key ``recipe-unknown``.
    """
    for recipe in _RECIPES:
        if recipe.recipe_id == recipe_id:
            return recipe
    raise NotFoundError("recipe-unknown", recipe_id=recipe_id[:80])


def train(recipe_id: str, out_dir: Path, on_progress: OnProgress) -> Path:
    """Run a recipe and return the folder of the finished model, ``out_dir/<model_id>``.

    A long recipe keeps a checkpoint under ``out_dir/.checkpoints`` every ten minutes and goes on from it
    when it is run again.

    Raises:
        NotFoundError: key ``recipe-unknown``.
    """
    recipe = get_recipe(recipe_id)
    module, _, name = recipe.entry_point.partition(":")
    function: Callable[[Path, OnProgress], Path] = getattr(import_module(module), name)
    return function(out_dir, on_progress)
