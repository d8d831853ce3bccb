"""What things *are*: models, data sets, devices and placements, described without loading any of them.

A *spec* describes, a *config* parametrises a network, *settings* come from the environment. Owns the frozen
descriptions that every other layer passes around; knows no framework, reads no file and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Task = Literal[
    "tabular-classification",
    "tabular-generation",
    "image-classification",
    "class-to-image",
]
"""Hugging Face task ids where one exists; ``tabular-generation`` and ``class-to-image`` are ours."""

PREDICTING: frozenset[Task] = frozenset({"tabular-classification", "image-classification"})
"""Tasks that read something and name it; all the others make something."""


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence that is not worded yet: the key of a template, and what fills it (see ``core.wording``)."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model that Vitrine can load.

    What the code decides stands here; what was measured stands in ``card`` (read from ``card.json``).
    """

    model_id: str
    """Ours, kebab-case: ``digits-convnet``."""
    task: Task
    dataset: str
    """The id of the data set it was trained on: ``digits``."""
    entry_point: str
    """``"module:Class"`` of a ``core.contracts.ModelLoader``; imported only when the model is loaded."""
    source: str = "bundled"
    card: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    @property
    def can_predict(self) -> bool:
        """Whether this model names what it is shown; otherwise it makes something new."""
        return self.task in PREDICTING

    @property
    def num_parameters(self) -> int:
        """How many numbers were learned."""
        return int(self.card["num_parameters"])

    @property
    def size_bytes(self) -> int:
        """The size of all its files, in bytes."""
        return int(self.card["size_bytes"])

    @property
    def license(self) -> str:
        """The licence of the weights, as an SPDX id."""
        return str(self.card["license"])


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """One data set that can be shown offline."""

    dataset_id: str
    kind: Literal["table", "image"]
    entry_point: str
    """``"module:function"`` that returns the data set; imported only when it is read."""


@dataclass(frozen=True, slots=True)
class ExplainerSpec:
    """One published method that explains an answer."""

    method: str
    """The method's name in the field, kebab-case: ``occlusion``."""
    tasks: frozenset[Task]
    entry_point: str


DeviceKind = Literal["cuda", "mps", "xpu", "cpu"]


@dataclass(frozen=True, slots=True)
class Device:
    """One place where a model can run, and the memory it has, in bytes."""

    kind: DeviceKind
    index: int
    name: str
    total_bytes: int
    free_bytes: int
    has_native_bf16: bool = False

    @property
    def torch_name(self) -> str:
        """The name torch knows it by: ``cuda:1``, ``mps``, ``cpu``."""
        return f"{self.kind}:{self.index}" if self.kind in {"cuda", "xpu"} else self.kind


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model runs, with which numbers, and why."""

    device: str
    """A torch device name: ``cpu``, ``cuda:0``."""
    dtype: str
    """A torch dtype name without its prefix: ``float32``, ``bfloat16``."""
    reason: Message
