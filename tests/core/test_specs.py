"""What things are."""

import pytest

from core.specs import PREDICTING, Device, ModelSpec, Task


@pytest.mark.parametrize(
    ("task", "can_predict"),
    [
        ("tabular-classification", True),
        ("image-classification", True),
        ("tabular-generation", False),
        ("class-to-image", False),
    ],
)
def test_a_model_either_predicts_or_makes_something(task: Task, can_predict: bool):
    assert ModelSpec("m", task, "d", "m:C").can_predict is can_predict
    assert (task in PREDICTING) is can_predict


def test_what_was_measured_comes_from_the_card():
    spec = ModelSpec(
        "m",
        "image-classification",
        "d",
        "m:C",
        card={"num_parameters": 5.0, "size_bytes": 7, "license": "MIT"},
    )
    assert (spec.num_parameters, spec.size_bytes, spec.license) == (5, 7, "MIT")


def test_a_device_has_the_name_that_torch_knows():
    names = [Device(kind, 1, "", 0, 0).torch_name for kind in ("cuda", "xpu", "mps", "cpu")]
    assert names == ["cuda:1", "xpu:1", "mps", "cpu"]
