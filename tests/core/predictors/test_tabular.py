"""The iris classifier that ships: true to its card, and deaf to nonsense."""

from dataclasses import replace

import numpy as np
import pytest

from core.contracts import Predictor
from core.data.datasets import load_iris
from core.errors import InputError, ModelFileError
from core.hub import get_files
from core.predictors.tabular import TabularClassifier
from core.registry import get_model
from core.requests import Picture, TableRow
from core.specs import Message, Placement

ON_CPU = Placement("cpu", "float32", Message("devices.none"))


@pytest.fixture(scope="module")
def model():
    spec = get_model("iris-classifier")
    return TabularClassifier.load(spec, get_files(spec), ON_CPU)


def rows(X):
    names = load_iris().feature_names
    return [TableRow(tuple(zip(names, map(float, row), strict=True))) for row in X]


def metric(model, name, split):
    return next(m for m in model.spec.card["metrics"] if (m["name"], m["split"]) == (name, split))


def test_it_keeps_the_contract_and_names_the_labels_of_its_data(model):
    assert isinstance(model, Predictor)
    assert model.labels == load_iris().label_names


def test_its_card_says_what_recomputing_says(model):
    data = load_iris()
    test = data.split.test
    answers = model.predict_batch(rows(data.X[test]))
    truth = [data.label_names[label_id] for label_id in data.y[test]]
    accuracy = np.mean([answer.best.label == label for answer, label in zip(answers, truth, strict=True)])
    log_loss = -np.mean([np.log(answer.prob_of(label)) for answer, label in zip(answers, truth, strict=True)])
    assert round(float(accuracy), 6) == metric(model, "accuracy", "test")["value"]
    assert float(log_loss) == pytest.approx(metric(model, "log_loss", "test")["value"], abs=1e-5)


def test_probabilities_sum_to_one_and_are_the_same_alone_and_in_a_batch(model):
    asked = rows(load_iris().X[::10])
    together = model.predict_batch(asked)
    for row, answer in zip(asked, together, strict=True):
        assert sum(score.prob for score in answer.labels) == pytest.approx(1)
        (alone,) = model.predict_batch([row])
        assert [s.label for s in alone.labels] == [s.label for s in answer.labels]
        assert [s.prob for s in alone.labels] == pytest.approx([s.prob for s in answer.labels], abs=1e-4)


def test_features_are_taken_by_name_and_not_by_place(model):
    (row,) = rows(load_iris().X[:1])
    turned = TableRow(tuple(reversed(row.values)))
    assert model.predict_batch([row]) == model.predict_batch([turned])


def test_a_longer_petal_moves_the_answer_from_setosa_to_virginica(model):
    short, long = rows(np.array([[5.8, 3.0, 1.3, 0.2], [5.8, 3.0, 6.0, 2.2]]))
    first, second = model.predict_batch([short, long])
    assert first.best.label == "setosa"
    assert second.best.label == "virginica"


def test_nobody_asked_means_nothing_answered(model):
    assert model.predict_batch([]) == []


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda row: Picture(((0.0,),)), "input-not-a-row"),
        (lambda row: TableRow(row.values[:3]), "row-features-wrong"),
        (lambda row: TableRow((*row.values, ("sepal length", 5.0))), "row-features-wrong"),
        (lambda row: TableRow((*row.values[:3], ("petal colour", 1.0))), "row-features-wrong"),
        (lambda row: TableRow((*row.values[:3], ("petal width", float("nan")))), "row-not-a-number"),
        (lambda row: TableRow((*row.values[:3], ("petal width", float("inf")))), "row-not-a-number"),
        (lambda row: TableRow((*row.values[:3], ("petal width", -0.1))), "row-out-of-range"),
        (lambda row: TableRow((*row.values[:3], ("petal width", 1e9))), "row-out-of-range"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_with_its_own_key(model, change, key):
    (row,) = rows(load_iris().X[:1])
    with pytest.raises(InputError) as raised:
        model.predict_batch([row, change(row)])
    assert raised.value.key == key


def test_a_file_that_holds_anything_else_is_not_opened(model):
    from skops import io

    class Files:
        def read(self, name):
            whole = get_files(model.spec).read("config.json")
            return whole if name == "config.json" else io.dumps({"run": print})

    with pytest.raises(ModelFileError) as raised:
        TabularClassifier.load(replace(model.spec), Files(), ON_CPU)
    assert raised.value.key == "model-file-broken"
