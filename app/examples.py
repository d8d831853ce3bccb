"""The first question of every screen: what a visitor sees before touching anything.

Owns the default flower, the default digits and the default seeds, and thereby what ``vitrine record`` records.
Knows nothing about how they are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from core.engine import get_engine
from core.explainers.occlusion import hide
from core.explainers.sentence import get_strongest
from core.requests import ExplainRequest, GenerateRequest, Picture, PredictRequest, Request, TableRow
from core.results import Attribution

FLOWER: Mapping[str, float] = {
    "sepal length": 6.1,
    "sepal width": 2.9,
    "petal length": 4.9,
    "petal width": 1.7,
}
"""Lies between two species: the answer is not a matter of course."""
FLOWER_KIND = "virginica"
NUM_FLOWERS = 20

DIGIT = 6
"""Which of the ten example digits is picked at first."""
MADE_DIGIT = "6"
NUM_MADE = 8
NUM_ROUND_TRIP = 50
SEED = 0


@dataclass(frozen=True, slots=True)
class ExampleDigit:
    """A real handwritten digit that no model here was trained on, and what its writer meant."""

    label: str
    picture: Picture


@cache
def get_example_digits() -> tuple[ExampleDigit, ...]:
    """Return ten real digits, 0 to 9: of each kind the first one among the rows kept for the test. None is selected."""
    from core.data.datasets import load_digits

    digits = load_digits()
    examples: list[ExampleDigit] = []
    for label_id, label in enumerate(digits.label_names):
        row = next(row for row in digits.split.test if digits.y[row] == label_id)
        examples.append(
            ExampleDigit(label, Picture(tuple(tuple(map(float, line)) for line in digits.X[row])))
        )
    return tuple(examples)


def flower_request(values: Mapping[str, float] = FLOWER) -> PredictRequest:
    """Ask which kind of iris a flower is."""
    return PredictRequest("iris-classifier", TableRow(tuple(values.items())))


def flowers_request(label: str = FLOWER_KIND, seed: int = SEED, num: int = NUM_FLOWERS) -> GenerateRequest:
    """Ask for new flowers of one kind."""
    return GenerateRequest("iris-generator", label=label, num=num, seed=seed)


def digit_request(picture: Picture | None = None) -> PredictRequest:
    """Ask which digit a picture is."""
    return PredictRequest("digits-convnet", picture or get_example_digits()[DIGIT].picture)


def digits_request(label: str = MADE_DIGIT, seed: int = SEED, num: int = NUM_MADE) -> GenerateRequest:
    """Ask for new pictures of one digit."""
    return GenerateRequest("digits-diffusion", label=label, num=num, seed=seed)


def look_request(picture: Picture | None = None) -> ExplainRequest:
    """Ask where the predictor looked."""
    return ExplainRequest("digits-convnet", picture or get_example_digits()[DIGIT].picture, "occlusion")


def hidden_request() -> PredictRequest:
    """Ask which digit it is without the patches that counted most."""
    result = get_engine().run(look_request()).expect(Attribution)
    return digit_request(hide(result.picture, get_strongest(result), result.patch_size))


RECORDED: Mapping[str, Callable[[], Request]] = {
    "flower-predict": flower_request,
    "flower-generate": flowers_request,
    "digit-predict": digit_request,
    "digit-generate": digits_request,
    "digit-explain": look_request,
    "digit-hidden": hidden_request,
}
"""What is recorded under which name; ``vitrine record`` asks each of these."""
