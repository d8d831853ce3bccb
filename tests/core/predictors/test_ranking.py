"""Labels are named in the order of their probabilities."""

import pytest

from core.predictors.ranking import rank_labels


def test_the_most_likely_label_comes_first_and_ties_keep_their_order():
    answer = rank_labels(["a", "b", "c", "d"], [0.2, 0.3, 0.3, 0.2])
    assert [score.label for score in answer.labels] == ["b", "c", "a", "d"]
    assert answer.best.prob == 0.3


def test_a_probability_without_a_label_is_an_error_and_not_lost():
    with pytest.raises(ValueError, match="zip"):
        rank_labels(["a"], [0.5, 0.5])
