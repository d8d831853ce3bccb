"""From an explanation to the one sentence that it comes down to.

Owns which sentence is true of an ``Attribution``: where the answer comes from, what hiding does to it, and
whether the map can be trusted at all. Every number and every direction is taken from answers of the model.
Knows no language: the words are in ``assets/content/<language>/explain.yaml``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from core.explainers.occlusion import Patch
from core.results import Attribution, Classification
from core.specs import Message
from core.wording import say_percent

MOST_HIDDEN = 4
"""The headline hides at most so many patches: few enough to look at."""

ENOUGH = 0.25
"""A fall by a quarter is an effect that anybody sees; no more patches are hidden than it takes."""

MATTERS = 0.01
"""A change of less than one percentage point is no finding."""

_HALVES = {0: "start", 1: "middle", 2: "end"}


def get_strongest(attribution: Attribution) -> tuple[Patch, ...]:
    """Return the patches that the headline crosses out: as few of the strongest as it takes to see an effect.

    Only patches that speak for the label count. Where no few of them have an effect, those that had the largest one.
    """
    speaking = [patch for patch in attribution.order() if attribution.scores[patch[0]][patch[1]] > 0]
    curve = attribution.faithfulness.marked_first
    counts = range(1, 1 + min(MOST_HIDDEN, len(speaking), len(curve) - 1))
    enough = (count for count in counts if attribution.prob - curve[count] >= ENOUGH)
    count = next(enough, min(counts, key=lambda count: curve[count], default=0))
    return tuple(speaking[:count])


def describe(attribution: Attribution, after: Classification) -> Message:
    """Say in one sentence where the answer comes from.

    Args:
        attribution: the explanation.
        after: what the model says to the picture without ``get_strongest(attribution)``.
    """
    certainty = _name_certainty(attribution)
    before = attribution.prob
    hidden = get_strongest(attribution)
    if not hidden:
        return Message("explain.against", {"certainty": certainty, "before": before})
    if abs(before - after.prob_of(attribution.label)) < MATTERS:
        return Message("explain.nothing", {"certainty": certainty, "before": before, "count": len(hidden)})
    if not attribution.faithfulness.is_better_than_random:
        return Message("explain.not-here", {"num_orders": attribution.faithfulness.num_random_orders})
    return _describe_change("strongest", attribution, hidden, after)


def describe_hidden(attribution: Attribution, hidden: Sequence[Patch], after: Classification) -> Message:
    """Say in one sentence what hiding these patches, which a visitor chose, did to the answer."""
    return _describe_change("chosen", attribution, hidden, after)


def choose_direction(before: float, after: float) -> Literal["falls", "rises", "stays"]:
    """Return the direction of two numbers *as they are said*: 99.2 % and 99.7 % are both "> 99 %"."""
    if say_percent(before) == say_percent(after):
        return "stays"
    return "falls" if after < before else "rises"


def locate(scores: Sequence[Sequence[float]]) -> Message:
    """Say where a map speaks for its label.

    A quarter of the picture (half as high, half as wide: one of nine, which overlap) is named if it holds
    more than half of the positive scores; else a half of the picture if it holds more than three quarters;
    else no place is.
    """
    rows, columns = len(scores), len(scores[0])
    total = _sum_positive(scores, range(rows), range(columns))
    if total > 0:
        row_parts = {part: _half(rows, part) for part in _HALVES}
        column_parts = {part: _half(columns, part) for part in _HALVES}
        # The middle wins a draw, then the reading order.
        quarters = sorted(
            ((r, c) for r in _HALVES for c in _HALVES),
            key=lambda at: (-_sum_positive(scores, row_parts[at[0]], column_parts[at[1]]), at != (1, 1)),
        )
        r, c = quarters[0]
        if _sum_positive(scores, row_parts[r], column_parts[c]) > total / 2:
            return Message(f"explain.where.{_HALVES[r]}-{_HALVES[c]}")
        halves = {f"rows-{_HALVES[r]}": _sum_positive(scores, row_parts[r], range(columns)) for r in _HALVES}
        halves |= {
            f"columns-{_HALVES[c]}": _sum_positive(scores, range(rows), column_parts[c]) for c in _HALVES
        }
        best = max(halves, key=lambda name: halves[name])
        if halves[best] > total * 3 / 4:
            return Message(f"explain.where.{best}")
    return Message("explain.where.several")


def _describe_change(
    who: Literal["strongest", "chosen"],
    attribution: Attribution,
    hidden: Sequence[Patch],
    after: Classification,
) -> Message:
    before = attribution.prob
    now = after.prob_of(attribution.label)
    direction = choose_direction(before, now)
    flips = (
        direction == "falls"
        and attribution.classification.best.label == attribution.label
        and after.best.label != attribution.label
    )
    values = {
        "where": locate(attribution.scores),
        "count": len(hidden),
        "certainty": _name_certainty(attribution),
        "before": before,
        "after": now,
        "other": after.best.label,
        "other_prob": after.best.prob,
    }
    return Message(f"explain.{who}.{'flips' if flips else direction}", values)


def _name_certainty(attribution: Attribution) -> Message:
    """Name what falls: of the first choice "its certainty"; of any other label it must be said which."""
    if attribution.label == attribution.classification.best.label:
        return Message("explain.certainty.first")
    return Message("explain.certainty.other", {"label": attribution.label})


def _half(size: int, part: int) -> range:
    """Return the first, middle or last half of ``size`` rows (or columns)."""
    length = -(-size // 2)
    return range(round(part * (size - length) / 2), round(part * (size - length) / 2) + length)


def _sum_positive(scores: Sequence[Sequence[float]], rows: range, columns: range) -> float:
    return sum(max(0.0, scores[row][column]) for row in rows for column in columns)
