"""Says what is in a small grey picture, with a convolutional network.

Owns the network's form (shared by the recipe that trains it and the class that runs it), how it is opened
and how it is asked. Knows no data set: sizes and labels come from the model's ``config.json``.

Source of the network: K. He, X. Zhang, S. Ren and J. Sun, "Deep Residual Learning for Image Recognition",
CVPR 2016, as timm builds it. Source of the calibration: C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On
Calibration of Modern Neural Networks", ICML 2017 (one temperature).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Self

from core.contracts import ModelFiles
from core.errors import InputError, ModelFileError
from core.predictors.ranking import rank_labels
from core.requests import ModelInput, Picture
from core.results import Classification
from core.specs import ModelSpec, Placement

if TYPE_CHECKING:
    from torch import Tensor, nn

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"


def build_network(config: Mapping[str, Any]) -> nn.Module:
    """Build the residual network that ``config["network"]`` describes, with random weights."""
    from timm.models.resnet import BasicBlock, ResNet

    network = config["network"]
    return ResNet(
        BasicBlock,  # pyright: ignore[reportArgumentType]  # timm annotates an instance and wants the class
        layers=tuple(network["layers"]),
        channels=tuple(network["channels"]),
        num_classes=len(config["labels"]),
        in_chans=1,
        drop_rate=network["drop_rate"],
    )


def preprocess(pictures: Tensor, config: Mapping[str, Any]) -> Tensor:
    """Bring (n, height, width) in 0..1 to what the network reads: (n, 1, side, side), about N(0, 1).

    The network's first layers, made for photographs, shrink a picture to a quarter. A tiny one is enlarged
    first, so that after them every pixel still has its own place.
    """
    from torch.nn import functional as F

    side = config["network"]["side"]
    standard = (pictures[:, None] - config["mean"]) / config["std"]
    return F.interpolate(standard, size=(side, side), mode="bilinear", align_corners=False)


class ImageClassifier:
    """A calibrated image classifier; keeps ``core.contracts.Predictor``."""

    def __init__(
        self, spec: ModelSpec, placement: Placement, module: nn.Module, config: Mapping[str, Any]
    ) -> None:
        self.spec = spec
        self.placement = placement
        self.module = module
        self.config = config
        self.labels: tuple[str, ...] = tuple(config["labels"])
        height, width = config["input_size"]
        self.input_size: tuple[int, int] = (height, width)

    @classmethod
    def load(cls, spec: ModelSpec, files: ModelFiles, placement: Placement) -> Self:
        """Build the network, fill it with its verified weights and put it in its place.

        Raises:
            ModelFileError: a file is missing or not the published one, or the weights do not fit the
                network; key ``model-file-broken``.
        """
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load

        config = json.loads(files.read(CONFIG_FILE))
        module = build_network(config)
        try:
            module.load_state_dict(load(files.read(WEIGHTS_FILE)))
        except (SafetensorError, RuntimeError) as error:
            raise ModelFileError("model-file-broken", model_id=spec.model_id, file=WEIGHTS_FILE) from error
        module.to(device=placement.device, dtype=getattr(torch, placement.dtype))
        return cls(spec, placement, module.eval().requires_grad_(False), config)

    def predict_batch(self, inputs: Sequence[ModelInput]) -> list[Classification]:
        """Return P(label given picture) for each picture, the most likely label first.

        Raises:
            InputError: keys ``input-not-a-picture``, ``picture-wrong-shape``, ``picture-wrong-range``.
        """
        import torch

        if not inputs:
            return []
        pictures = torch.tensor([self._check(picture).pixels for picture in inputs])  # (n, height, width)
        with torch.inference_mode():
            batch = preprocess(pictures, self.config).to(
                self.placement.device, getattr(torch, self.placement.dtype)
            )
            logits = self.module(batch).double().cpu()  # (n, labels)
            probs = torch.softmax(logits / self.config["temperature"], dim=1)
        return [rank_labels(self.labels, row) for row in probs.tolist()]

    def _check(self, picture: ModelInput) -> Picture:
        if not isinstance(picture, Picture):
            raise InputError("input-not-a-picture", model_id=self.spec.model_id)
        height, width = self.input_size
        if len(picture.pixels) != height or any(len(row) != width for row in picture.pixels):
            raise InputError("picture-wrong-shape", height=height, width=width)
        if not all(isfinite(value) and 0 <= value <= 1 for row in picture.pixels for value in row):
            raise InputError("picture-wrong-range")
        return picture
