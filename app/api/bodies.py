"""What the API takes and gives, as typed bodies: the source of its OpenAPI document.

Owns names, types and bounds. The answers have the form of the command line's ``--json``
(``app.commands.views``); bounds that belong to a model (its labels, its features, the size of its pictures)
are checked by the model.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, UploadFile
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

MAX_NUM = 64
MAX_STEPS = 100
MAX_GUIDANCE = 10.0
MAX_SEED = 2**32 - 1 - MAX_NUM
MAX_SIDE = 64

ModelId = Annotated[str, Field(min_length=1, max_length=80, examples=["digits-convnet"])]
Label = Annotated[str, Field(min_length=1, max_length=80, examples=["3"])]
Method = Annotated[str, Field(min_length=1, max_length=80, examples=["occlusion"])]
FeatureName = Annotated[str, Field(min_length=1, max_length=200)]
Prob = Annotated[float, Field(ge=0, le=1)]
Ink = Annotated[FiniteFloat, Field(ge=0, le=1)]
PixelRow = Annotated[list[Ink], Field(min_length=1, max_length=MAX_SIDE)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Input(_Strict):
    """What a model reads: the values of one row, or the pixels of one picture (0 is paper, 1 is ink)."""

    model_id: ModelId
    values: Annotated[dict[FeatureName, FiniteFloat], Field(min_length=1, max_length=500)] | None = None
    pixels: Annotated[list[PixelRow], Field(min_length=1, max_length=MAX_SIDE)] | None = None

    @model_validator(mode="after")
    def _has_one(self) -> Input:
        if (self.values is None) == (self.pixels is None):
            raise ValueError("give either values or pixels")
        return self


class PredictBody(Input):
    """Say what this is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model_id": "iris-classifier",
                    "values": {
                        "sepal length": 5.1,
                        "sepal width": 3.5,
                        "petal length": 1.4,
                        "petal width": 0.2,
                    },
                }
            ]
        }
    )


class ExplainBody(Input):
    """Say why a model answers as it does."""

    method: Method
    label: Label | None = Field(
        None, description="The answer to explain; left out, the model's first choice."
    )


class GenerateBody(_Strict):
    """Make new ones. Item i depends on the label and seed + i alone."""

    model_id: ModelId
    label: Label | None = Field(
        None, description="What to make; left out, chance decides as in the training data."
    )
    num: int = Field(1, ge=1, le=MAX_NUM)
    seed: int = Field(0, ge=0, le=MAX_SEED)
    num_inference_steps: int | None = Field(None, ge=1, le=MAX_STEPS)
    guidance_scale: Annotated[FiniteFloat, Field(ge=0, le=MAX_GUIDANCE)] | None = None


class PictureForm(_Strict):
    """One picture as a PNG, JPEG or WEBP file, and who shall look at it."""

    model_id: Annotated[ModelId, Form()]
    picture: UploadFile


class ExplainPictureForm(PictureForm):
    """One picture, and which method shall explain the answer."""

    method: Method
    label: Label | None = None


class Model(BaseModel):
    """One model."""

    model_id: str
    task: str
    dataset: str
    num_parameters: int
    size_bytes: int
    license: str
    source: str
    metrics: Any


class ModelWithCard(Model):
    """One model and its whole card."""

    card: dict[str, Any]


class LabelProb(BaseModel):
    """One possible answer and how sure the model is of it."""

    label: str
    prob: Prob


class Prediction(BaseModel):
    """What it is: every label, the most likely first; the probs sum to 1."""

    model_id: str
    task: str
    labels: list[LabelProb]
    elapsed_ms: float
    device: str
    dtype: str
    reason: str


class Item(BaseModel):
    """One new sample: the values of a row, or the pixels of a picture (0 is paper, 1 is ink)."""

    label: str
    seed: int
    values: dict[str, float] | None = None
    pixels: list[list[float]] | None = None


class Generated(BaseModel):
    """New samples; none was dropped, redrawn or selected."""

    model_id: str
    seed: int
    items: list[Item]
    elapsed_ms: float
    device: str
    dtype: str
    reason: str


class Faithfulness(BaseModel):
    """Whether the explanation tells the truth about this answer."""

    marked_first: list[float]
    at_random: list[float]
    num_random_orders: int
    is_better_than_random: bool


class Explanation(BaseModel):
    """How far the label's probability falls when a patch is hidden, row by row."""

    model_id: str
    task: str
    method: str
    label: str
    prob: Prob
    labels: list[LabelProb]
    patch_size: int
    scores: list[list[float]]
    faithfulness: Faithfulness
    elapsed_ms: float
    device: str
    dtype: str
    reason: str


class ErrorBody(BaseModel):
    """What happened, what it means, and what to do."""

    key: str
    what: str
    means: str
    do: str
    where: list[str] | None = Field(None, description="The fields that cannot be used.")


class ErrorAnswer(BaseModel):
    """How every refusal looks."""

    error: ErrorBody
