"""Intervals that hold what they promise."""

import numpy as np
import pytest

from core.training.evaluation import bootstrap_interval, wilson_interval


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(594, 599, 0.98061, 0.99643), (8, 10, 0.49016, 0.94332), (0, 20, 0.0, 0.16113), (20, 20, 0.83887, 1.0)],
)
def test_the_wilson_interval_is_the_published_one(successes, n, low, high):
    assert wilson_interval(successes, n) == pytest.approx((low, high), abs=1e-5)


def test_the_wilson_interval_holds_the_share_and_stays_a_share():
    for n in (1, 7, 599):
        for successes in range(n + 1):
            low, high = wilson_interval(successes, n)
            assert 0 <= low <= successes / n <= high <= 1


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_a_share_of_nothing_has_no_interval(successes, n):
    with pytest.raises(ValueError, match="successes"):
        wilson_interval(successes, n)


def test_the_bootstrap_interval_of_a_mean_is_near_the_textbook_one_and_the_same_every_time():
    values = np.random.default_rng(0).normal(5, 2, 400)
    low, high = bootstrap_interval(values, lambda v: float(v.mean()), seed=1)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)
    assert (low, high) == bootstrap_interval(values, lambda v: float(v.mean()), seed=1)
    with pytest.raises(ValueError, match="no values"):
        bootstrap_interval(values[:0], lambda v: 0.0, seed=1)
