"""What a browser sends as strokes is not to be trusted: only points of the pad get through, and never many."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.components.pad import _MAX_POINTS, _MAX_STROKES, _read
from core.data.pictures import MAX_POINTS, MAX_STROKES, draw_strokes


def test_a_drawing_comes_through_as_it_is():
    assert _read([[[0.1, 0.2], [0.3, 0.4]], [[0, 1]]]) == (((0.1, 0.2), (0.3, 0.4)), ((0.0, 1.0),))


@pytest.mark.parametrize(
    "raw",
    [
        None, 0, 7, -1.5, True, "strokes", "", {}, {"strokes": [[[0.1, 0.1]]]}, {"0": [[0.1, 0.1]]}, [], [None],
        [[]], [[[]]], [[[[]]]], [[[[[0.1, 0.2]]]]], [0.1, 0.2], [[0.1, 0.2]], ["ab"], [["ab"]], [[["0.1", "0.2"]]],
        [[[0.1]]], [[[0.1, 0.2, 0.3]]], [[[0.1, None]]], [[{"x": 0.1, "y": 0.2}]], [{"0": [0.1, 0.2]}],
        [[[float("nan"), 0.5]]], [[[0.5, float("inf")]]], [[[float("-inf"), 0.5]]], [[[10**400, 0.5]]],
        [[[0.5, -(10**400)]]], [[[1e308, 0.5]]], [[[1.5, 0.5]]], [[[0.5, -0.01]]],
    ],
    ids=lambda raw: repr(raw)[:40],
)  # fmt: skip
def test_what_is_no_drawing_is_no_drawing(raw: Any):
    assert _read(raw) == ()


def test_junk_among_points_is_left_out():
    raw = [[[0.1, 0.2], "x", [float("nan"), 0.3], [0.4, 0.5]], 3, None, [[0.6, 0.7]]]
    assert _read(raw) == (((0.1, 0.2), (0.4, 0.5)), ((0.6, 0.7),))


@pytest.mark.parametrize("strokes", [1, 100, 10_000])
def test_a_million_points_are_cut(strokes: int):
    raw = [[[0.5, 0.5]] * (10**6 // strokes)] * strokes
    read = _read(raw)
    assert len(read) <= _MAX_STROKES
    assert sum(map(len, read)) <= _MAX_POINTS


def test_the_pad_lets_through_no_more_than_can_be_drawn():
    assert _MAX_STROKES <= MAX_STROKES
    assert _MAX_POINTS <= MAX_POINTS


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=30,
)


@given(_anything)
def test_whatever_is_sent_can_be_drawn_or_is_nothing(raw: Any):
    strokes = _read(raw)
    assert all(0 <= part <= 1 for stroke in strokes for point in stroke for part in point)
    if strokes:
        assert draw_strokes(strokes).shape == (256, 256)
