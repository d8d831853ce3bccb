"""Occlusion: the scores are what hiding does, the check is honest, the same question gets the same answer."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from core import devices, hub, registry
from core.data.datasets import load_digits
from core.errors import IncompatibleError, InputError
from core.explainers.occlusion import NUM_RANDOM_ORDERS, Occlusion, choose_patch_size, hide
from core.requests import ExplainRequest, ModelInput, Picture, TableRow
from core.results import Classification, LabelScore
from tests.fakes import FakePredictor, make_spec

SPEC = make_spec("toy", "image-classification")


class Weighing(FakePredictor):
    """Adds up pixels by weights that the test knows: hiding a patch takes exactly its part away."""

    def __init__(self, weights: Sequence[Sequence[float]]) -> None:
        super().__init__(SPEC)
        self.weights = weights

    def predict_batch(self, inputs: Sequence[ModelInput]) -> list[Classification]:
        self.batch_sizes.append(len(inputs))
        return [self._weigh(item) for item in inputs]

    def _weigh(self, item: ModelInput) -> Classification:
        assert isinstance(item, Picture)
        ink = 0.5 + sum(
            w * v
            for ws, vs in zip(self.weights, item.pixels, strict=True)
            for w, v in zip(ws, vs, strict=True)
        )
        scores = (LabelScore("ink", ink), LabelScore("paper", 1 - ink))
        return Classification(tuple(sorted(scores, key=lambda score: -score.prob)))


def ask(picture: Picture, label: str | None = None) -> ExplainRequest:
    return ExplainRequest("toy", picture, "occlusion", label)


def one_bright_patch(row: int, column: int, ink: float = 1.0) -> Picture:
    return Picture(
        tuple(tuple(ink if (y // 2, x // 2) == (row, column) else 0.0 for x in range(8)) for y in range(8))
    )


EVEN = [[0.01] * 8 for _ in range(8)]


@pytest.fixture(scope="module")
def convnet():
    spec = registry.get_model("digits-convnet")
    return registry.resolve(spec.entry_point).load(spec, hub.get_files(spec), devices.choose_placement(spec))


def digit(index: int) -> Picture:
    data = load_digits()
    return Picture(tuple(tuple(float(v) for v in row) for row in data.X[data.split.test[index]]))


# Hiding.


def test_hiding_puts_the_mean_of_the_picture_where_the_patch_was():
    picture = one_bright_patch(0, 1)  # 4 of 64 pixels are ink: the mean is 1/16
    hidden = hide(picture, [(0, 1)], 2)
    assert hidden.pixels[0] == (0, 0, 1 / 16, 1 / 16, 0, 0, 0, 0)
    assert sum(map(sum, hidden.pixels)) == 4 / 16
    assert picture == one_bright_patch(0, 1)


def test_hiding_nothing_changes_nothing():
    assert hide(digit(0), [], 2) == digit(0)


def test_hiding_everything_leaves_an_even_grey():
    everything = [(row, column) for row in range(4) for column in range(4)]
    assert len({value for row in hide(digit(0), everything, 2).pixels for value in row}) == 1


def test_a_patch_at_the_edge_of_an_odd_picture_is_cut():
    picture = Picture(((1.0, 0.0, 1.0),) * 3)
    assert hide(picture, [(1, 1)], 2).pixels == ((1, 0, 1), (1, 0, 1), (1, 0, pytest.approx(2 / 3)))


@pytest.mark.parametrize(("side", "size"), [(1, 1), (2, 2), (8, 2), (16, 2), (28, 4), (224, 32)])
def test_patches_are_small_enough_to_tell_something_and_few_enough_to_look_at(side: int, size: int):
    assert choose_patch_size(Picture(((0.0,) * side,) * side)) == size


# Scores.


def test_a_score_is_how_far_the_log_odds_fall():
    found = Occlusion().explain(Weighing(EVEN), ask(one_bright_patch(2, 3)))
    assert found.label == "ink"
    assert found.prob == pytest.approx(0.54)
    # four pixels of 1 become 1/16, each weighs 0.01
    after = 0.54 - 4 * 0.01 * 15 / 16
    assert found.scores[2][3] == pytest.approx(math.log(0.54 / 0.46) - math.log(after / (1 - after)))
    assert found.order()[0] == (2, 3)


def test_a_score_can_be_checked_by_asking_the_model(convnet):
    picture = digit(3)
    found = Occlusion().explain(convnet, ExplainRequest("digits-convnet", picture, "occlusion"))
    for row, column in [(0, 0), (1, 2), (3, 1)]:
        (after,) = convnet.predict_batch([hide(picture, [(row, column)], found.patch_size)])
        before, now = found.prob, after.prob_of(found.label)
        expected = math.log(before / (1 - before)) - math.log(now / (1 - now))
        assert found.scores[row][column] == pytest.approx(expected, abs=1e-2)


def test_an_empty_place_can_count_too():
    """Weights below 0 say "no ink here": hiding with paper could never show it, grey does."""
    empty_counts = [[-0.02 if (y // 2, x // 2) == (0, 0) else 0.0 for x in range(8)] for y in range(8)]
    found = Occlusion().explain(Weighing(empty_counts), ask(one_bright_patch(3, 3)))
    assert found.order()[0] == (0, 0)
    assert found.scores[0][0] > 0


def test_another_label_can_be_explained():
    first = Occlusion().explain(Weighing(EVEN), ask(one_bright_patch(1, 1)))
    other = Occlusion().explain(Weighing(EVEN), ask(one_bright_patch(1, 1), "paper"))
    assert other.label == "paper"
    assert other.scores[1][1] == pytest.approx(-first.scores[1][1])


# The check.


def test_the_curves_begin_with_the_whole_picture_and_end_with_nothing_of_it(convnet):
    picture = digit(3)
    found = Occlusion().explain(convnet, ExplainRequest("digits-convnet", picture, "occlusion"))
    check = found.faithfulness
    everything = [(row, column) for row in range(4) for column in range(4)]
    (after,) = convnet.predict_batch([hide(picture, everything, 2)])
    assert len(check.marked_first) == len(check.at_random) == 17
    for curve in (check.marked_first, check.at_random):
        assert curve[0] == pytest.approx(found.prob)
        assert curve[-1] == pytest.approx(after.prob_of(found.label), abs=1e-4)
    assert check.num_random_orders == NUM_RANDOM_ORDERS >= 20


def test_every_point_of_the_marked_curve_is_what_the_model_says(convnet):
    picture = digit(5)
    found = Occlusion().explain(convnet, ExplainRequest("digits-convnet", picture, "occlusion"))
    for count in (1, 2, 5, 11):
        (after,) = convnet.predict_batch([hide(picture, found.order()[:count], 2)])
        assert found.faithfulness.marked_first[count] == pytest.approx(after.prob_of(found.label), abs=1e-4)


def test_a_map_that_cannot_be_wrong_beats_chance():
    uneven = [[0.001 * (8 * y + x) / 8 for x in range(8)] for y in range(8)]
    picture = Picture(tuple(tuple((x + y) / 14 for x in range(8)) for y in range(8)))
    assert Occlusion().explain(Weighing(uneven), ask(picture)).faithfulness.is_better_than_random


def test_a_map_of_nothing_does_not_beat_chance():
    found = Occlusion().explain(Weighing([[0.0] * 8] * 8), ask(digit(0)))
    assert not found.faithfulness.is_better_than_random
    assert {score for row in found.scores for score in row} == {0.0}


# Cost.


def test_the_model_is_called_twice_and_no_picture_is_shown_twice():
    model = Weighing(EVEN)
    found = Occlusion().explain(model, ask(one_bright_patch(0, 0)))
    assert len(model.batch_sizes) == 2
    assert sum(model.batch_sizes) == found.num_model_calls
    assert found.num_model_calls <= 1 + 16 + NUM_RANDOM_ORDERS * 15 + 15


def test_the_same_question_gets_the_same_answer_and_another_picture_other_orders(convnet):
    request = ExplainRequest("digits-convnet", digit(7), "occlusion")
    assert Occlusion().explain(convnet, request) == Occlusion().explain(convnet, request)
    model = Weighing(EVEN)
    one = Occlusion().explain(model, ask(digit(1))).faithfulness.at_random
    other = Occlusion().explain(model, replace(ask(digit(1)), model_id="other")).faithfulness.at_random
    assert one != other


# Refused.


@pytest.mark.parametrize("task", ["tabular-classification", "class-to-image"])
def test_it_explains_models_of_pictures_only(task):
    model = FakePredictor(make_spec("toy", task))
    assert not Occlusion().is_compatible(model.spec)
    with pytest.raises(IncompatibleError):
        Occlusion().explain(model, ask(digit(0)))


def test_a_row_and_an_unknown_label_are_refused_before_the_model_is_asked():
    model = Weighing(EVEN)
    with pytest.raises(InputError, match="input-not-a-picture"):
        Occlusion().explain(model, ExplainRequest("toy", TableRow(()), "occlusion"))
    with pytest.raises(InputError, match="label-unknown"):
        Occlusion().explain(model, ask(digit(0), "9" * 1000))
    assert model.batch_sizes == []
