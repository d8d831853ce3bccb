"""Makes new rows of a table: one Gaussian mixture for each class.

Owns how the mixtures are stored, opened and drawn from. Knows no data set: names, rounding and labels come
from the model's ``config.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Self

from core.contracts import ModelFiles
from core.estimator_files import open_estimator
from core.generators.limits import check_request
from core.requests import GenerateRequest
from core.results import DenoisingStep, GeneratedPictures, GeneratedRow, GeneratedRows
from core.specs import ModelSpec, Placement

CONFIG_FILE = "config.json"
MODEL_FILE = "model.skops"

TRUSTED_TYPES: tuple[str, ...] = ()
"""A Gaussian mixture needs nothing beyond skops' own safe list."""

MAX_ROWS = 1000


class MixtureGenerator:
    """Class-conditional Gaussian mixtures; keeps ``core.contracts.Generator``."""

    def __init__(
        self, spec: ModelSpec, placement: Placement, mixtures: Mapping[str, Any], config: Mapping[str, Any]
    ) -> None:
        self.spec = spec
        self.placement = placement
        self.labels: tuple[str, ...] = tuple(config["labels"])
        self._config = config
        self._mixtures = mixtures

    @classmethod
    def load(cls, spec: ModelSpec, files: ModelFiles, placement: Placement) -> Self:
        """Open the mixtures from their verified bytes; nothing but skops' safe types is built.

        Raises:
            ModelFileError: a file is missing or not the published one, or holds a type that is not trusted;
                key ``model-file-broken``.
        """
        config = json.loads(files.read(CONFIG_FILE))
        mixtures = open_estimator(spec, files, MODEL_FILE, TRUSTED_TYPES)
        return cls(spec, placement, mixtures, config)

    def generate(
        self, request: GenerateRequest
    ) -> Iterator[DenoisingStep | GeneratedRows | GeneratedPictures]:
        """Yield ``request.num`` new rows at once. Row i depends on (label, seed + i) alone.

        A value is rounded as the real ones were measured, and never falls below one step of that measure:
        that is how a negative length is ruled out, not by drawing again.

        Raises:
            InputError: keys ``label-unknown``, ``num-out-of-range``, ``seed-out-of-range``.
        """
        check_request(request, self.labels, MAX_ROWS)
        yield GeneratedRows(tuple(self._draw(request.label, request.seed + i) for i in range(request.num)))

    def _draw(self, label: str | None, seed: int) -> GeneratedRow:
        import numpy as np

        random = np.random.default_rng(seed)
        # always drawn, so that asking for the label that chance would have picked gives the very same row
        by_chance = self.labels[random.choice(len(self.labels), p=self._config["class_shares"])]
        label = label or by_chance
        mixture = self._mixtures[label]
        part = random.choice(len(mixture.weights_), p=mixture.weights_)
        # precision = R R^T with R triangular, so R^-T z has the mixture's covariance
        whitening = mixture.precisions_cholesky_[part]
        z = random.standard_normal(len(whitening))
        row = mixture.means_[part] + np.linalg.solve(whitening.T, z)
        values: list[tuple[str, float]] = []
        for name, step, value in zip(
            self._config["feature_names"], self._config["resolution"], row, strict=True
        ):
            num_steps = max(1, round(float(value) / step))
            values.append((name, round(num_steps * step, 10)))
        return GeneratedRow(label, seed, tuple(values))
