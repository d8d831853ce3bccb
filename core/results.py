"""What comes back: typed, frozen answers, and their JSON form.

Owns the shape of every answer and of the ``--json`` output and the REST bodies that mirror it; knows neither
the models that make answers nor the screens that show them. Numbers are plain floats, pictures are the
``Picture`` of ``core.requests``, so that an answer can be stored, sent and compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from core.requests import Picture
from core.specs import Message, Placement


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One possible answer and how sure the model is of it: probs of a classification sum to 1."""

    label: str
    prob: float


@dataclass(frozen=True, slots=True)
class Classification:
    """P(Y given X): every label with its probability, the most likely first."""

    labels: tuple[LabelScore, ...]

    @property
    def best(self) -> LabelScore:
        """The model's first choice."""
        return self.labels[0]

    def prob_of(self, label: str) -> float:
        """Return the probability of one label.

        Raises:
            KeyError: the model does not know this label.
        """
        for score in self.labels:
            if score.label == label:
                return score.prob
        raise KeyError(label)


@dataclass(frozen=True, slots=True)
class GeneratedRow:
    """One new row of a table, and the class it was asked to be."""

    label: str
    seed: int
    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class GeneratedRows:
    """New rows that share the statistics of the training data; none was dropped, redrawn or selected."""

    rows: tuple[GeneratedRow, ...]


@dataclass(frozen=True, slots=True)
class GeneratedPicture:
    """One new picture, and the class it was asked to be."""

    label: str
    seed: int
    picture: Picture


@dataclass(frozen=True, slots=True)
class GeneratedPictures:
    """New pictures; none was dropped, redrawn or selected."""

    pictures: tuple[GeneratedPicture, ...]


@dataclass(frozen=True, slots=True)
class DenoisingStep:
    """The pictures of a batch after one denoising step.

    ``step`` 0 is pure noise; ``step == num_steps`` is the finished picture.
    """

    step: int
    num_steps: int
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Whether an attribution map tells the truth about this one answer (deletion: Petsiuk et al., 2018, RISE).

    Each curve holds the probability of the explained label after hiding 0, 1, 2 ... patches.
    """

    marked_first: tuple[float, ...]
    """Hiding the patches in the order of the map, the strongest first."""
    at_random: tuple[float, ...]
    """The mean over several random orders."""
    num_random_orders: int

    @property
    def area_marked(self) -> float:
        """Mean height of the ``marked_first`` curve; smaller is more faithful."""
        return sum(self.marked_first) / len(self.marked_first)

    @property
    def area_random(self) -> float:
        """Mean height of the ``at_random`` curve."""
        return sum(self.at_random) / len(self.at_random)

    @property
    def is_better_than_random(self) -> bool:
        """Whether hiding what the map marks hurts more than hiding patches at random."""
        return self.area_marked < self.area_random


@dataclass(frozen=True, slots=True)
class Attribution:
    """How much each patch of a picture counted towards one label.

    ``scores[row][column]`` is in log-odds (natural logarithm): how far ln(p / (1 - p)) of the label falls when that patch
    is hidden; negative where hiding it makes the model more sure.
    """

    method: str
    label: str
    prob: float
    """The probability of ``label`` with nothing hidden."""
    scores: tuple[tuple[float, ...], ...]
    patch_size: int
    """The side of a patch, in pixels."""
    picture: Picture
    classification: Classification
    num_model_calls: int
    faithfulness: Faithfulness

    def order(self) -> tuple[tuple[int, int], ...]:
        """Return the patches as (row, column), the strongest first; ties in reading order."""
        cells = [(r, c) for r, row in enumerate(self.scores) for c in range(len(row))]
        return tuple(sorted(cells, key=lambda cell: -self.scores[cell[0]][cell[1]]))


Result = Classification | GeneratedRows | GeneratedPictures | Attribution
R = TypeVar("R", Classification, GeneratedRows, GeneratedPictures, Attribution)


@dataclass(frozen=True, slots=True)
class Answer:
    """A result, and how it came about."""

    model_id: str
    task: str
    result: Result
    placement: Placement
    elapsed_ms: float
    """Time inside the model, in milliseconds; waiting in the queue is not counted."""
    recorded: Mapping[str, Any] | None = None
    """None: computed now. Otherwise when it was recorded, and from which weights (sha256)."""

    def expect(self, kind: type[R]) -> R:
        """Return the result as the kind that its request promises: a ``PredictRequest`` a ``Classification``...

        Raises:
            TypeError: it is of another kind; whoever answered broke the contract.
        """
        if not isinstance(self.result, kind):
            raise TypeError(
                f"{self.model_id} answered with {type(self.result).__name__}, not {kind.__name__}"
            )
        return self.result


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far the loading of a model has come, in bytes of its files that were read and verified."""

    model_id: str
    done_bytes: int
    total_bytes: int


Step = LoadProgress | DenoisingStep
"""What a stream yields before its answer."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a check found: words by key, and whether it stops the visitor."""

    message: Message
    is_fatal: bool
