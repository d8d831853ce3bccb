"""The iris recipes, run in full: they are quick, and they must make what ships."""

import json

import pytest

from core.registry import get_model
from core.training.recipes import train


@pytest.mark.parametrize("recipe_id", ["iris-classifier", "iris-generator"])
def test_running_the_recipe_again_makes_the_shipped_figures(tmp_path, recipe_id):
    heard = []
    folder = train(recipe_id, tmp_path, heard.append)
    made, shipped = json.loads((folder / "card.json").read_bytes()), get_model(recipe_id).card
    assert [(m["name"], m["split"], m["n"]) for m in made["metrics"]] == [
        (m["name"], m["split"], m["n"]) for m in shipped["metrics"]
    ]
    for mine, theirs in zip(made["metrics"], shipped["metrics"], strict=True):
        assert mine["value"] == pytest.approx(theirs["value"], abs=1e-4)
    assert made["num_parameters"] == shipped["num_parameters"]
    assert {path.name for path in folder.iterdir()} == {"card.json", "config.json", "model.skops"}
    assert set(json.loads((tmp_path / "lock.json").read_bytes())[recipe_id]) == {
        "card.json",
        "config.json",
        "model.skops",
    }
    assert [progress.stage for progress in heard][-1] == "evaluate"
    assert all(1 <= progress.step <= progress.num_steps for progress in heard)
