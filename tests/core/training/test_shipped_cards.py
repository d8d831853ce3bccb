"""The words of the cards that ship are those that the recipes write today: nobody mends a card by hand."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest

from core.registry import ModelSpec, get_dataset, list_models, resolve
from core.training.recipes import list_recipes


def read_recipe(spec: ModelSpec) -> str:
    """Return the recipe's source with the strings that Python joins put together."""
    recipe = next(recipe for recipe in list_recipes() if recipe.model_id == spec.model_id)
    source = inspect.getsource(import_module(recipe.entry_point.split(":")[0]))
    return re.sub(r'"\s*\n\s*f?"', "", source)


@pytest.mark.parametrize("spec", list_models(), ids=lambda spec: spec.model_id)
def test_every_limit_on_a_card_is_written_by_its_recipe(spec: ModelSpec):
    source = read_recipe(spec)
    assert [limit for limit in spec.card["limits"] if limit not in source] == []
    assert spec.card["summary"] in source


@pytest.mark.parametrize("spec", list_models(), ids=lambda spec: spec.model_id)
def test_every_card_describes_the_split_as_the_data_set_does(spec: ModelSpec):
    data = resolve(get_dataset(spec.dataset).entry_point)()
    assert spec.card["data"]["split"] == data.split.description
    assert spec.card["data"]["rows_used"] == len(data.split.train)
