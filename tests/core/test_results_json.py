"""Requests and answers as JSON: there and back without loss, and the public form of the design."""

import json
import math
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.requests import ExplainRequest, GenerateRequest, Picture, PredictRequest, Request, TableRow
from core.results import (
    Answer,
    Attribution,
    Classification,
    DenoisingStep,
    Faithfulness,
    GeneratedPicture,
    GeneratedPictures,
    GeneratedRow,
    GeneratedRows,
    LabelScore,
    LoadProgress,
    Result,
)
from core.results_json import from_json, to_json, view_answer
from core.specs import Message, Placement

PICTURE = Picture(((0.0, 1.0), (0.123456789012345, 0.5)))
CLASSES = Classification((LabelScore("3", 0.75), LabelScore("8", 0.25)))
ATTRIBUTION = Attribution(
    "occlusion", "3", 0.75, ((0.5, -0.1),), 1, PICTURE, CLASSES, 7, Faithfulness((0.75, 0.1), (0.75, 0.5), 20)
)
ROWS = GeneratedRows(
    (GeneratedRow("setosa", 7, (("petal length", 1.4),)), GeneratedRow("setosa", 8, (("x", 2.0),)))
)
PICTURES = GeneratedPictures((GeneratedPicture("3", 7, PICTURE), GeneratedPicture("3", 8, PICTURE)))
RESULTS: list[Result] = [CLASSES, ROWS, PICTURES, ATTRIBUTION]
REQUESTS = [
    PredictRequest("m", PICTURE),
    PredictRequest("m", TableRow((("a", 1.5), ("b", -2.0)))),
    GenerateRequest("m"),
    GenerateRequest("m", "3", 4, 5, 6, 7.5),
    ExplainRequest("m", PICTURE, "occlusion", "3"),
]


def answer(result: Result, task: str = "image-classification") -> Answer:
    return Answer("m", task, result, Placement("cpu", "float32", Message("devices.none")), 1.23456)


def there_and_back(value: Any, kind: Any = None) -> Any:
    return from_json(kind or type(value), json.loads(json.dumps(to_json(value))))


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_comes_back_as_itself_even_when_its_kind_is_not_known_beforehand(request_):
    assert there_and_back(request_, cast("type[Request]", Request)) == request_
    assert type(there_and_back(request_, Request)) is type(request_)


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_an_answer_comes_back_as_itself(result: Result):
    assert there_and_back(answer(result)) == answer(result)
    assert type(there_and_back(answer(result)).result) is type(result)


@pytest.mark.parametrize("step", [DenoisingStep(1, 5, (PICTURE,)), LoadProgress("m", 1, 2)])
def test_a_step_comes_back_as_itself(step):
    assert there_and_back(step) == step


@given(st.lists(st.lists(st.floats(0, 1), min_size=2, max_size=2), min_size=1, max_size=3))
def test_no_digit_of_a_number_is_lost(pixels: list[list[float]]):
    picture = Picture(tuple(map(tuple, pixels)))
    assert there_and_back(picture) == picture


def test_json_of_another_form_is_refused_with_the_place():
    broken = to_json(answer(CLASSES))
    broken["placement"]["device"] = 5
    with pytest.raises(InputError) as refused:
        from_json(Answer, broken)
    assert refused.value.key == "json-unreadable"
    assert refused.value.values["place"] == "placement.device"


def test_a_prediction_is_shown_as_the_design_says():
    assert view_answer(answer(CLASSES)) == {
        "model_id": "m",
        "task": "image-classification",
        "labels": [{"label": "3", "prob": 0.75}, {"label": "8", "prob": 0.25}],
        "elapsed_ms": 1.235,
        "device": "cpu",
        "dtype": "float32",
        "reason": "This machine has no graphics card, so it runs on the processor.",
    }


def test_generated_rows_are_shown_as_values():
    view = view_answer(answer(ROWS, "tabular-generation"))
    assert view["seed"] == 7
    assert [item["values"] for item in view["items"]] == [{"petal length": 1.4}, {"x": 2.0}]


def test_generated_pictures_are_shown_by_their_files_or_their_pixels():
    with_paths = view_answer(answer(PICTURES), paths=["a.png", "b.png"])
    assert [item["path"] for item in with_paths["items"]] == ["a.png", "b.png"]
    assert "pixels" not in with_paths["items"][0]
    assert view_answer(answer(PICTURES))["items"][0]["pixels"] == PICTURE.pixels
    with pytest.raises(ValueError, match="zip"):
        view_answer(answer(PICTURES), paths=["only-one.png"])


def test_an_explanation_is_shown_with_its_check():
    view = view_answer(answer(ATTRIBUTION))
    assert view["label"] == "3"
    assert view["scores"] == ((0.5, -0.1),)
    assert view["faithfulness"]["is_better_than_random"] is True


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_every_view_is_json_without_nan(result: Result):
    text = json.dumps(view_answer(answer(result)), allow_nan=False)
    assert not math.isnan(json.loads(text)["elapsed_ms"])
