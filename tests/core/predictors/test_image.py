"""The digits network that ships: true to its card, the same alone and in a batch, and deaf to nonsense."""

import numpy as np
import pytest

from core.contracts import Predictor
from core.data.datasets import load_digits
from core.data.pictures import draw_strokes, to_digit
from core.errors import InputError, ModelFileError
from core.hub import get_files
from core.predictors.image import ImageClassifier, build_network
from core.registry import get_model
from core.requests import Picture, TableRow
from core.specs import Message, Placement

ON_CPU = Placement("cpu", "float32", Message("devices.none"))


@pytest.fixture(scope="module")
def model():
    spec = get_model("digits-convnet")
    return ImageClassifier.load(spec, get_files(spec), ON_CPU)


def pictures(X):
    return [Picture(tuple(map(tuple, x.tolist()))) for x in X]


def metric(model, name, split):
    return next(m for m in model.spec.card["metrics"] if (m["name"], m["split"]) == (name, split))


def test_it_keeps_the_contract_and_names_ten_digits(model):
    assert isinstance(model, Predictor)
    assert model.labels == tuple("0123456789")


def test_its_card_says_what_recomputing_on_the_last_599_rows_says(model):
    data = load_digits()
    answers = model.predict_batch(pictures(data.X[1198:]))
    hits = sum(int(answer.best.label) == digit for answer, digit in zip(answers, data.y[1198:], strict=True))
    claimed = metric(model, "accuracy", "test")
    assert claimed["n"] == len(answers) == 599
    assert claimed["value"] == round(hits / 599, 6)
    losses = [-np.log(answer.prob_of(str(y))) for answer, y in zip(answers, data.y[1198:], strict=True)]
    assert metric(model, "log_loss", "test")["value"] == pytest.approx(np.mean(losses), abs=1e-4)


def test_its_card_counts_what_is_there(model):
    assert model.spec.num_parameters == sum(p.numel() for p in model.module.parameters())
    files = get_files(model.spec)
    assert model.spec.size_bytes == files.total_bytes
    assert model.spec.size_bytes < 10_000_000


def test_the_network_is_timms_own(model):
    from timm.models.resnet import ResNet

    assert type(build_network(model.config)) is ResNet


def test_probabilities_sum_to_one_and_are_the_same_alone_and_in_a_batch(model):
    asked = pictures(load_digits().X[::120])
    for picture, answer in zip(asked, model.predict_batch(asked), strict=True):
        assert sum(score.prob for score in answer.labels) == pytest.approx(1)
        (alone,) = model.predict_batch([picture])
        for score in answer.labels:
            assert alone.prob_of(score.label) == pytest.approx(score.prob, abs=1e-4)


def test_a_drawn_seven_is_read_as_a_seven_and_a_drawn_nought_as_a_nought(model):
    seven = [[(0.3, 0.2), (0.7, 0.2), (0.45, 0.8)]]
    turns = np.linspace(0, 2 * np.pi, 40)
    nought = [[(0.5 + 0.2 * np.cos(turn), 0.5 + 0.35 * np.sin(turn)) for turn in turns]]
    drawn = [to_digit(draw_strokes(strokes)) for strokes in (seven, nought)]
    assert [answer.best.label for answer in model.predict_batch(drawn)] == ["7", "0"]


def test_nobody_asked_means_nothing_answered(model):
    assert model.predict_batch([]) == []


@pytest.mark.parametrize(
    ("nonsense", "key"),
    [
        (TableRow((("a", 1.0),)), "input-not-a-picture"),
        (Picture(()), "picture-wrong-shape"),
        (Picture(((0.5,) * 8,) * 7), "picture-wrong-shape"),
        (Picture((*((0.5,) * 8,) * 7, (0.5,) * 9)), "picture-wrong-shape"),
        (Picture(((1.5,) * 8,) * 8), "picture-wrong-range"),
        (Picture(((-0.1,) * 8,) * 8), "picture-wrong-range"),
        (Picture(((float("nan"),) * 8,) * 8), "picture-wrong-range"),
    ],
)
def test_a_picture_that_makes_no_sense_is_refused_with_its_own_key(model, nonsense, key):
    with pytest.raises(InputError) as raised:
        model.predict_batch([*pictures(load_digits().X[:1]), nonsense])
    assert raised.value.key == key


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:1000], lambda data: b"x" * 5000])
def test_weights_that_do_not_fit_are_refused(model, damage):
    class Files:
        def read(self, name):
            data = get_files(model.spec).read(name)
            return data if name == "config.json" else damage(data)

    with pytest.raises(ModelFileError) as raised:
        ImageClassifier.load(model.spec, Files(), ON_CPU)
    assert raised.value.key == "model-file-broken"
