"""The data sets are what the cards say they are."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from core.data.datasets import NUM_DIGITS_TRAIN_ROWS, load_digits, load_iris
from core.registry import list_datasets, resolve


@pytest.mark.parametrize("spec", list_datasets(), ids=lambda spec: spec.dataset_id)
def test_a_listed_data_set_loads_under_its_own_name(spec):
    data = resolve(spec.entry_point)()
    assert data.dataset_id == spec.dataset_id
    assert len(data.X) == len(data.y)
    assert set(data.y) == set(range(len(data.label_names)))
    assert data.license == "CC-BY-4.0"
    assert "scikit-learn" in data.source


@pytest.mark.parametrize("load", [load_iris, load_digits])
def test_every_row_is_in_one_part_of_the_split_only(load):
    data = load()
    parts = np.concatenate([data.split.train, data.split.test])
    assert sorted(parts) == list(range(len(data.X)))


def test_digits_are_tested_on_the_last_599_rows():
    split = load_digits().split
    assert split.train.tolist() == list(range(NUM_DIGITS_TRAIN_ROWS))
    assert split.test.tolist() == list(range(1198, 1797))


def test_digits_are_8x8_in_sixteenths_of_ink():
    X = load_digits().X
    assert X.shape == (1797, 8, 8)
    assert X.min() == 0
    assert X.max() == 1
    assert np.array_equal(X * 16, np.round(X * 16))
    # ink is 1: the middle of a zero is paper, the corner of every digit nearly always
    assert X[load_digits().y == 0][:, 3:5, 3:5].mean() < 0.1
    assert X[:, 0, 0].max() == 0


def test_iris_parts_hold_every_species_equally():
    data = load_iris()
    assert np.bincount(data.y[data.split.train]).tolist() == [35, 35, 35]
    assert np.bincount(data.y[data.split.test]).tolist() == [15, 15, 15]


def test_iris_features_have_a_unit_and_the_step_in_which_they_were_measured():
    data = load_iris()
    assert len(data.feature_names) == len(data.units) == len(data.resolution) == data.X.shape[1]
    steps = data.X / np.array(data.resolution)
    assert np.allclose(steps, np.round(steps))


@pytest.mark.parametrize("load", [load_iris, load_digits])
def test_nobody_can_change_the_data_that_all_share(load):
    data = load()
    assert load() is data
    with pytest.raises(ValueError, match="read-only"):
        data.X[0] = 0
    with pytest.raises(AttributeError):
        data.y = data.y


def test_the_rows_are_those_that_scikit_learn_loads():
    from sklearn import datasets

    digits: Any = datasets.load_digits()
    iris: Any = datasets.load_iris()
    assert np.array_equal(load_digits().X * 16, digits.images.astype(np.float32))
    assert np.array_equal(load_digits().y, digits.target)
    assert np.array_equal(load_iris().X, iris.data)
    assert np.array_equal(load_iris().y, iris.target)
    assert load_iris().label_names == tuple(iris.target_names)


def test_the_iris_split_is_the_one_that_was_drawn_with_seed_20():
    from sklearn.model_selection import train_test_split

    y = load_iris().y
    train, test = train_test_split(np.arange(150), test_size=0.3, stratify=y, random_state=20)
    assert sorted(train) == load_iris().split.train.tolist()
    assert sorted(test) == load_iris().split.test.tolist()


def test_reading_the_data_imports_no_framework():
    code = (
        "import sys; from core.data.datasets import load_digits, load_iris; load_digits(); load_iris();"
        "print(sorted({'sklearn', 'torch', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
