"""Says which class a row of a table belongs to, with a scikit-learn classifier.

Owns how such a classifier is stored, opened and asked. Knows no data set: names, limits and labels come
from the model's ``config.json``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Self

from core.contracts import ModelFiles
from core.errors import InputError
from core.estimator_files import open_estimator
from core.predictors.ranking import rank_labels
from core.requests import ModelInput, TableRow
from core.results import Classification
from core.specs import ModelSpec, Placement

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONFIG_FILE = "config.json"
MODEL_FILE = "model.skops"

TRUSTED_TYPES = ("sklearn.calibration._CalibratedClassifier", "sklearn.calibration._TemperatureScaling")
"""What a file may hold besides skops' own safe list: two private parts of scikit-learn's calibration."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One column: its name, and the values that the model can sensibly be asked about."""

    name: str
    unit: str
    lowest: float
    highest: float


class TabularClassifier:
    """A calibrated scikit-learn classifier; keeps ``core.contracts.Predictor``."""

    def __init__(
        self,
        spec: ModelSpec,
        placement: Placement,
        estimator: Any,
        features: Sequence[Feature],
        labels: Sequence[str],
    ) -> None:
        self.spec = spec
        self.placement = placement
        self.features = tuple(features)
        self.labels = tuple(labels)
        self._estimator = estimator

    @classmethod
    def load(cls, spec: ModelSpec, files: ModelFiles, placement: Placement) -> Self:
        """Open a classifier from its verified bytes; builds only ``TRUSTED_TYPES`` and skops' safe types.

        Raises:
            ModelFileError: a file is missing or not the published one, or holds a type that is not trusted;
                key ``model-file-broken``.
        """
        config = json.loads(files.read(CONFIG_FILE))
        estimator = open_estimator(spec, files, MODEL_FILE, TRUSTED_TYPES)
        return cls(
            spec,
            placement,
            estimator,
            [Feature(**feature) for feature in config["features"]],
            config["labels"],
        )

    def predict_batch(self, inputs: Sequence[ModelInput]) -> list[Classification]:
        """Return P(class given row) for each row, the most likely class first.

        Raises:
            InputError: keys ``input-not-a-row``, ``row-features-wrong``, ``row-not-a-number``,
                ``row-out-of-range``.
        """
        if not inputs:
            return []
        probs = self._estimator.predict_proba(self._to_array(inputs))  # (rows, labels)
        return [rank_labels(self.labels, row) for row in probs.tolist()]

    def _to_array(self, inputs: Sequence[ModelInput]) -> NDArray[np.float64]:
        import numpy as np

        return np.array([self._check(row) for row in inputs])  # (rows, features)

    def _check(self, row: ModelInput) -> list[float]:
        if not isinstance(row, TableRow):
            raise InputError("input-not-a-row", model_id=self.spec.model_id)
        given = dict(row.values)
        names = [feature.name for feature in self.features]
        if len(row.values) != len(names) or set(given) != set(names):
            raise InputError("row-features-wrong", expected=", ".join(names))
        for feature in self.features:
            value = given[feature.name]
            if not isfinite(value):
                raise InputError("row-not-a-number", feature=feature.name)
            if not feature.lowest <= value <= feature.highest:
                raise InputError(
                    "row-out-of-range",
                    feature=feature.name,
                    lowest=feature.lowest,
                    highest=feature.highest,
                    unit=feature.unit,
                )
        return [float(given[name]) for name in names]
