"""How sure a measured figure is: intervals for the model cards.

Owns the two intervals that the cards use. Knows no model and no data set.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054
"""The 97.5 % point of the normal distribution: both sides together leave out 5 %."""


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, such as an accuracy.

    Unlike the textbook formula it stays inside [0, 1] and is right near its ends (E. B. Wilson, JASA 22,
    1927).

    Raises:
        ValueError: n is not positive, or successes is not between 0 and n.
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} successes of {n}")
    share = successes / n
    shrink = 1 + Z_95**2 / n
    middle = (share + Z_95**2 / (2 * n)) / shrink
    half = Z_95 / shrink * sqrt(share * (1 - share) / n + Z_95**2 / (4 * n * n))
    # at the ends the bound is exact; rounding must not move it past the share itself
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == n else middle + half
    return low, high


def bootstrap_interval(
    values: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], float],
    *,
    seed: int,
    num_resamples: int = 2000,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a statistic of independent values (B. Efron, 1979).

    Raises:
        ValueError: there are no values.
    """
    if len(values) == 0:
        raise ValueError("no values")
    random = np.random.default_rng(seed)
    draws = [statistic(values[random.integers(0, len(values), len(values))]) for _ in range(num_resamples)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
