"""The test of an attribution map as a picture: hiding what it marked, against hiding at random.

Owns the drawing of ``results.Faithfulness``; decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.figures.charts import label, new_figure
from core.figures.palette import Palette
from core.results import Faithfulness

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def draw_deletion(
    check: Faithfulness, palette: Palette, *, axis_name: str, marked: str, random: str
) -> Figure:
    """Draw both deletion curves: probability of the explained label over the number of hidden patches."""
    import plotly.graph_objects as go

    figure = new_figure(palette, height=226, margin=(56, 12, 10, 48))
    steps = list(range(len(check.marked_first)))
    at_random, marked_first = list(check.at_random), list(check.marked_first)
    figure.add_trace(
        go.Scatter(
            x=steps,
            y=at_random,
            mode="lines",
            line={"width": 4, "dash": "dot", "color": palette.mark},
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=steps,
            y=marked_first,
            mode="lines",
            line={"width": 5, "color": palette.explain},
            hoverinfo="skip",
        )
    )
    # Each curve is named where it is furthest from the other one, so that the names cannot meet.
    gaps = [random_ - marked_ for random_, marked_ in zip(at_random, marked_first, strict=True)]
    at = max(steps, key=lambda step: abs(gaps[step]))
    above = 1 if gaps[at] >= 0 else -1
    # Room between the curves is used; where there is none, the lower name goes under its curve.
    inside = 1 if abs(gaps[at]) > 0.3 else -1
    label(figure, random, at, at_random[at], palette.muted, shift=(6, 14 * above))
    label(
        figure, marked, at, marked_first[at], palette.explain_text, bold=True, shift=(6, 14 * above * inside)
    )
    figure.update_xaxes(title={"text": axis_name, "standoff": 4}, nticks=5, range=[0, len(steps) - 0.7])
    figure.update_yaxes(tickvals=[0, 0.5, 1], ticktext=["0", "50\u00a0%", "100\u00a0%"], range=[-0.04, 1.06])
    return figure
