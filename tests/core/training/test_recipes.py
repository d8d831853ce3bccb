"""There is a recipe for every bundled model, and it can be found and run."""

import inspect

import pytest

from core.errors import NotFoundError
from core.registry import list_models, resolve
from core.training.recipes import get_recipe, list_recipes, train


def test_every_bundled_model_has_one_recipe_and_names_it_in_its_card():
    by_model = {recipe.model_id: recipe for recipe in list_recipes()}
    assert len(by_model) == len(list_recipes())
    for spec in list_models():
        assert by_model[spec.model_id].recipe_id == spec.card["recipe"]


@pytest.mark.parametrize("recipe", list_recipes(), ids=lambda recipe: recipe.recipe_id)
def test_a_recipe_can_be_called_with_a_folder_and_a_listener(recipe):
    inspect.signature(resolve(recipe.entry_point)).bind("out_dir", "on_progress")


def test_an_unknown_recipe_is_not_found(tmp_path):
    with pytest.raises(NotFoundError) as raised:
        train("soup", tmp_path, print)
    assert raised.value.key == "recipe-unknown"
    assert get_recipe("iris-generator").model_id == "iris-generator"
