"""What can be asked of the engine: small frozen values that can be hashed, logged and sent to another machine.

Owns the three questions (predict, generate, explain) and their defaults; knows neither models nor answers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table: pairs of feature name and number, in the order of the data set's features."""

    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """One grey picture, row by row, 0 = paper and 1 = ink.

    A tuple and not an array: the request stays hashable, and a picture that a model here can read is small.
    """

    pixels: tuple[tuple[float, ...], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return len(self.pixels), len(self.pixels[0]) if self.pixels else 0


ModelInput = TableRow | Picture


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """Say what this is: P(Y given X)."""

    model_id: str
    input: ModelInput
    kind: Literal["predict"] = "predict"


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """Make new ones: new X, given Y.

    Sample ``i`` depends on (model, label, seed + i, steps, guidance) alone, never on ``num`` or on who else asks.
    """

    model_id: str
    label: str | None = None
    """The class to make; None lets the model draw the class as often as it was in the training data."""
    num: int = 1
    seed: int = 0
    num_inference_steps: int | None = None
    """Denoising steps, for models that have them; None is the model's own default."""
    guidance_scale: float | None = None
    """Classifier-free guidance (Ho & Salimans, 2022); None is the model's own default."""
    kind: Literal["generate"] = "generate"


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """Say why a predictor answered as it did."""

    model_id: str
    input: ModelInput
    method: str
    label: str | None = None
    """The answer to explain; None explains the model's first choice."""
    kind: Literal["explain"] = "explain"


Request = PredictRequest | GenerateRequest | ExplainRequest


def fingerprint(request: Request) -> str:
    """Return a stable sha256 (64 hex digits) of everything the answer depends on but the weights."""
    fields: dict[str, Any] = asdict(request)
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
