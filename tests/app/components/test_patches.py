"""The map of patches: its weights, its still picture, and that it says nothing that is not in the result."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from app.components.patches import _STRONGEST, map_html, weights
from core.requests import Picture
from core.results import Attribution, Classification, Faithfulness, LabelScore


def explain(scores: Sequence[Sequence[float]]) -> Attribution:
    side = len(scores)
    classification = Classification((LabelScore("3", 0.9), LabelScore("8", 0.1)))
    return Attribution(
        "occlusion", "3", 0.9, tuple(map(tuple, scores)), 1, Picture(((0.5,) * side,) * side), classification, 9,
        Faithfulness((0.9, 0.1), (0.9, 0.5), 20),
    )  # fmt: skip


def test_weights_are_shares_of_the_strongest_patch():
    assert weights(explain([[0.1, 0.4], [0.2, 0.0]])) == [[0.25, 1.0], [0.5, 0.0]]


def test_what_speaks_against_the_answer_is_not_green():
    assert weights(explain([[-0.5, 0.4], [-0.1, 0.2]])) == [[0.0, 1.0], [0.0, 0.5]]


@pytest.mark.parametrize("scores", [[[0.0, 0.0], [0.0, 0.0]], [[-0.1, -0.2], [-0.3, -0.4]]])
def test_where_nothing_speaks_for_it_nothing_is_green(scores: list[list[float]]):
    assert weights(explain(scores)) == [[0.0, 0.0], [0.0, 0.0]]


def test_the_still_map_shows_weights_and_hides_patches_in_reading_order():
    html = map_html(explain([[0.1, 0.4], [0.2, 0.0]]), alt="a map", size_px=100, hidden=[(0, 1)])
    cells = re.findall(r'<i (class="hidden"|style="opacity:([\d.]+)")>', html)
    assert [bool(opacity) for _, opacity in cells] == [True, False, True, True]
    shown = [float(opacity) for _, opacity in cells if opacity]
    assert shown == pytest.approx([0.25 * _STRONGEST, 0.5 * _STRONGEST, 0.0], abs=1e-3)


def test_the_alt_text_never_becomes_a_tag():
    html = map_html(explain([[0.1]]), alt='"><script>alert(1)</script>', size_px=100)
    assert "<script" not in html
