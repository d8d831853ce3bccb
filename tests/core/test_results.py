"""What comes back."""

import pytest

from core.requests import Picture
from core.results import Attribution, Classification, Faithfulness, LabelScore

CLASSES = Classification((LabelScore("8", 0.7), LabelScore("3", 0.3)))


def attribution(*scores: tuple[float, ...]) -> Attribution:
    check = Faithfulness((0.7, 0.1), (0.7, 0.5), 20)
    return Attribution("occlusion", "8", 0.7, scores, 2, Picture(((0.0,),)), CLASSES, 1, check)


def test_the_first_label_is_the_best():
    assert CLASSES.best == LabelScore("8", 0.7)


def test_a_label_is_found_by_its_name():
    assert CLASSES.prob_of("3") == 0.3
    with pytest.raises(KeyError):
        CLASSES.prob_of("4")


def test_patches_are_ordered_by_strength_and_ties_in_reading_order():
    assert attribution((0.1, 0.5), (0.5, -0.2)).order() == ((0, 1), (1, 0), (0, 0), (1, 1))


def test_a_map_is_faithful_if_hiding_what_it_marks_hurts_more_than_chance():
    assert Faithfulness((1.0, 0.0, 0.0), (1.0, 0.5, 0.0), 20).is_better_than_random
    assert not Faithfulness((1.0, 0.9, 0.0), (1.0, 0.5, 0.0), 20).is_better_than_random
    assert not Faithfulness((1.0, 0.5), (1.0, 0.5), 20).is_better_than_random


def test_the_area_is_the_mean_height_of_a_curve():
    check = Faithfulness((1.0, 0.5, 0.0), (1.0, 1.0, 0.4), 20)
    assert check.area_marked == pytest.approx(0.5)
    assert check.area_random == pytest.approx(0.8)
