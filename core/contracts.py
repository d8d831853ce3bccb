"""The protocols that everything pluggable keeps. Every registry entry is checked against its own by a test.

Owns what a model, a loader and an explainer promise; implements nothing and knows no framework. A new model is a
class that keeps ``ModelLoader`` plus ``Predictor`` or ``Generator``, a row in ``core.registry`` and a recipe.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from core.requests import ExplainRequest, GenerateRequest, ModelInput
from core.results import Attribution, Classification, DenoisingStep, GeneratedPictures, GeneratedRows
from core.specs import ModelSpec, Placement


class ModelFiles(Protocol):
    """The files of one model. What ``read`` returns was verified against the lock: those very bytes, not a path."""

    def read(self, name: str) -> bytes:
        """Return the verified content of one file.

        Raises:
            ModelFileError: the file is missing, or its sha256 is not the published one.
        """
        ...


@runtime_checkable
class LoadedModel(Protocol):
    """A model in memory. Used by several threads at once, so a call may not change it."""

    spec: ModelSpec
    placement: Placement


@runtime_checkable
class Predictor(LoadedModel, Protocol):
    """Names what it is shown."""

    labels: tuple[str, ...]

    def predict_batch(self, inputs: Sequence[ModelInput]) -> list[Classification]:
        """Answer several inputs at once; each answer is the same (within 1e-4) as if it were alone.

        Raises:
            InputError: an input has the wrong kind, shape or range.
        """
        ...


@runtime_checkable
class Generator(LoadedModel, Protocol):
    """Makes new samples. It is not torch's random generator: here a seed is a number in the request."""

    labels: tuple[str, ...]

    def generate(
        self, request: GenerateRequest
    ) -> Iterator[DenoisingStep | GeneratedRows | GeneratedPictures]:
        """Yield steps, if the method has any, and last the result.

        The engine stops iterating when nobody waits any more: that is how a request is cancelled.

        Raises:
            InputError: a label that the model does not know, or a number out of range.
        """
        ...


class ModelLoader(Protocol):
    """How a model gets into memory; the class that an ``entry_point`` names keeps this."""

    @classmethod
    def load(cls, spec: ModelSpec, files: ModelFiles, placement: Placement) -> LoadedModel:
        """Build the model from its verified files, at its place, ready to answer.

        Raises:
            ModelFileError: the files do not make a model.
        """
        ...


@runtime_checkable
class Explainer(Protocol):
    """One published method that explains an answer.

    It is handed a *lease* on the model by the worker that holds it and never calls the engine itself: inside a
    bounded queue that would deadlock.
    """

    method: str

    def is_compatible(self, spec: ModelSpec) -> bool:
        """Say whether this method can explain that model."""
        ...

    def explain(self, model: LoadedModel, request: ExplainRequest) -> Attribution:
        """Explain one answer and check the explanation.

        Raises:
            InputError: the input or the label does not fit the model.
        """
        ...
