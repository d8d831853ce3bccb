"""The data that ship with scikit-learn, iris flowers and handwritten digits, typed and frozen.

Owns the shape of a data set, how each is loaded and how it is split. Knows no model and no recipe.

Sources:
* Iris: R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936);
  UCI Machine Learning Repository, doi:10.24432/C56C76, CC BY 4.0.
* Digits: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository (1998),
  doi:10.24432/C50P49, CC BY 4.0. scikit-learn has the part that UCI calls the test set: 1,797 pictures by
      13 people.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# What scikit-learn's train_test_split(rows, test_size=0.3, stratify=y, random_state=20) draws; a test draws it again.
_IRIS_TEST_ROWS = (
    *(7, 9, 11, 15, 20, 21, 22, 26, 28, 31, 32, 34, 35, 44, 48),
    *(53, 56, 57, 61, 64, 65, 68, 74, 76, 79, 80, 83, 91, 93, 95),
    *(109, 112, 114, 117, 123, 127, 131, 132, 138, 141, 143, 144, 147, 148, 149),
)

NUM_DIGITS_TRAIN_ROWS = 1198
"""The first rows: to train and validate. The other 599 are the test and are scored once."""

MAX_DIGIT_COUNT = 16
"""A digit's value is how many of the 4x4 = 16 dots of a 32x32 black-and-white scan are ink."""


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of a data set, each row in one part only.

    ``train`` is all that a recipe may look at while it decides anything (validation is cut from it);
    ``test`` is scored once.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    description: str
    """How the rows were parted, in words for a model card."""


@dataclass(frozen=True, slots=True, eq=False)
class TableDataset:
    """Rows of numbers, each with a class."""

    dataset_id: str
    X: NDArray[np.float64]  # (rows, features)
    y: NDArray[np.int64]  # (rows,), index into label_names
    feature_names: tuple[str, ...]
    units: tuple[str, ...]
    """The unit of each feature, such as ``cm``."""
    resolution: tuple[float, ...]
    """The step in which each feature was measured: 0.1 where one decimal was written down."""
    label_names: tuple[str, ...]
    license: str
    source: str
    split: Split


@dataclass(frozen=True, slots=True, eq=False)
class PictureDataset:
    """Grey pictures, each with a class; 0 = paper, 1 = ink."""

    dataset_id: str
    X: NDArray[np.float32]  # (rows, height, width), 0..1
    y: NDArray[np.int64]  # (rows,), index into label_names
    label_names: tuple[str, ...]
    license: str
    source: str
    split: Split


@cache
def load_iris() -> TableDataset:
    """Return the flowers; X is (150, 4) in centimetres, read-only.

    The rows lie sorted by species, so the split is drawn: 35 of the 50 flowers of each species to train, 15
    to test, always the same ones (seed 20, picked before any model was fitted).
    """
    table = np.loadtxt(_find_shipped("iris.csv"), delimiter=",", skiprows=1)
    X, y = table[:, :4].astype(np.float64), table[:, 4].astype(np.int64)
    test = np.array(_IRIS_TEST_ROWS, dtype=np.int64)
    train = np.setdiff1d(np.arange(len(y), dtype=np.int64), test)
    for array in (X, y, train, test):
        array.flags.writeable = False  # cached and shared by all callers
    return TableDataset(
        dataset_id="iris",
        X=X,
        y=y,
        feature_names=("sepal length", "sepal width", "petal length", "petal width"),
        units=("cm", "cm", "cm", "cm"),
        resolution=(0.1, 0.1, 0.1, 0.1),
        label_names=("setosa", "versicolor", "virginica"),
        license="CC-BY-4.0",
        source="UCI Machine Learning Repository, doi:10.24432/C56C76, as shipped by scikit-learn",
        split=Split(
            train=train,
            test=test,
            description="35 of 50 flowers per species to train, 15 to test, drawn once with seed 20",
        ),
    )


def _find_shipped(name: str) -> Path:
    """Return the path of a file that scikit-learn ships.

    Reading it takes milliseconds; importing scikit-learn to have it read takes three seconds, which a visitor would
    wait for. A test compares both ways.
    """
    spec = find_spec("sklearn")  # finds the package, imports nothing
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("scikit-learn is not installed")
    return Path(spec.submodule_search_locations[0]) / "datasets" / "data" / name


@cache
def load_digits() -> PictureDataset:
    """Return the digits, scaled from counts 0..16 to 0..1; X is (1797, 8, 8), read-only.

    The rows lie in the order of the writers, so a *contiguous* split keeps most writers on one side: a
    shuffled one would test on hands that the model has already seen.
    """
    table = np.loadtxt(_find_shipped("digits.csv.gz"), delimiter=",")
    X = (table[:, :-1].reshape(-1, 8, 8) / MAX_DIGIT_COUNT).astype(np.float32)
    y = table[:, -1].astype(np.int64)
    rows = np.arange(len(y), dtype=np.int64)
    for array in (X, y, rows):
        array.flags.writeable = False  # cached and shared by all callers
    return PictureDataset(
        dataset_id="digits",
        X=X,
        y=y,
        label_names=tuple(str(digit) for digit in range(10)),
        license="CC-BY-4.0",
        source="UCI Machine Learning Repository, doi:10.24432/C50P49, as shipped by scikit-learn",
        split=Split(
            train=rows[:NUM_DIGITS_TRAIN_ROWS],
            test=rows[NUM_DIGITS_TRAIN_ROWS:],
            description="first 1,198 rows to train and validate, last 599 rows to test, in the order of the writers",
        ),
    )
