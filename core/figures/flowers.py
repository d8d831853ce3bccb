"""Two pictures of a table with classes: the cloud of real and made rows, and how each feature is spread.

Owns how rows become marks: real ones are filled grey shapes (one shape a class), made ones hollow and orange,
the visitor's own is a blue star. Decides nothing.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.figures.charts import label, new_figure
from core.figures.palette import Palette

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "x")
_SVG_WIDTH, _SVG_HEIGHT = 120, 52


@dataclass(frozen=True, slots=True)
class Cloud:
    """What to draw: two features of real rows by class, made rows, and one row of the visitor's."""

    axis_names: tuple[str, ...]
    real: Sequence[tuple[str, Sequence[float], Sequence[float]]]
    """(class, x values, y values) for each class, in the order of the data set."""
    made: tuple[str, Sequence[float], Sequence[float]] | None
    yours: tuple[float, float]
    made_name: str
    yours_name: str


def draw_cloud(cloud: Cloud, palette: Palette) -> Figure:
    """Draw the cloud of real rows with the made ones and the visitor's on top."""
    import plotly.graph_objects as go

    figure = new_figure(palette, height=330, margin=(54, 12, 24, 50))
    shape_of = {name: SHAPES[index % len(SHAPES)] for index, (name, _, _) in enumerate(cloud.real)}
    for name, x, y in cloud.real:
        marker = {"symbol": shape_of[name], "size": 9, "color": palette.mark, "opacity": 0.85}
        figure.add_trace(
            go.Scatter(x=list(x), y=list(y), mode="markers", marker=marker, name=name, hoverinfo="name")
        )
    if cloud.made:
        name, x, y = cloud.made
        marker = {
            "symbol": f"{shape_of[name]}-open", "size": 12, "color": palette.generate, "line": {"width": 2.6},
        }  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=list(x), y=list(y), mode="markers", marker=marker, name=cloud.made_name, hoverinfo="name"
            )
        )
    star = {"symbol": "star", "size": 21, "color": palette.predict, "line": {"width": 1.5, "color": "white"}}
    figure.add_trace(
        go.Scatter(
            x=[cloud.yours[0]],
            y=[cloud.yours[1]],
            mode="markers",
            marker=star,
            name=cloud.yours_name,
            hoverinfo="name",
        )
    )
    _name_clouds(figure, cloud, palette)
    x_name, y_name = cloud.axis_names
    figure.update_xaxes(
        title={"text": x_name, "standoff": 8}, nticks=5, range=_find_range(cloud, 0, room=0.4)
    )
    figure.update_yaxes(
        title={"text": y_name, "standoff": 6}, nticks=4, range=_find_range(cloud, 1, room=0.14)
    )
    return figure


def _find_range(cloud: Cloud, axis: int, *, room: float) -> tuple[float, float]:
    """Return an axis that holds every mark, with room for names at its end: Plotly's own counts the names as marks."""
    columns = [row[1 + axis] for row in (*cloud.real, *([cloud.made] if cloud.made else []))]
    values = [cloud.yours[axis], *(value for column in columns for value in column)]
    low, high = min(values), max(values)
    return low - 0.06 * (high - low), high + room * (high - low)


def _name_clouds(figure: Figure, cloud: Cloud, palette: Palette) -> None:
    """Name each class at its lower right, where these clouds leave room; the made ones above them."""
    for name, x, y in cloud.real:
        label(figure, name, max(x), min(y), palette.muted, shift=(8, 2))
    if cloud.made:
        kind, x, y = cloud.made
        above = max(*y, *(value for name, _, values in cloud.real if name == kind for value in values))
        label(
            figure,
            cloud.made_name,
            sum(x) / len(x),
            above,
            palette.generate_text,
            anchor="center",
            bold=True,
            shift=(0, 17),
        )
    x, y = cloud.yours
    everything = [value for _, values, _ in cloud.real for value in values]
    is_far_left = x < min(everything) + 0.35 * (max(everything) - min(everything))
    figure.add_annotation(
        x=x, y=y, ax=84 if is_far_left else -84, ay=-34, text=f"<b>{cloud.yours_name}</b>", showarrow=True, arrowhead=0,
        arrowwidth=2, arrowcolor=palette.predict, xanchor="left" if is_far_left else "right", standoff=10,
        font={"size": 18, "color": palette.predict_text}, bgcolor=palette.page, borderpad=1,
    )  # fmt: skip


def draw_spread(real: Sequence[float], made: Sequence[float], palette: Palette) -> str:
    """Return one small picture as an SVG data address: the spread of a feature, real filled grey, made dashed orange.

    Both are Gaussian kernel density estimates with Scott's bandwidth of the real values (Scott, 1992), so that a
    difference between the curves is a difference between the values and not between the smoothings.
    """
    spread = _standard_deviation(real) or 1.0
    width = spread * len(real) ** -0.2
    low, high = min(*real, *made) - 2 * width, max(*real, *made) + 2 * width
    grid = [low + (high - low) * step / 60 for step in range(61)]
    curves = [_density(values, grid, width) for values in (real, made)]
    top = max(max(curve) for curve in curves)
    base = _SVG_HEIGHT - 2
    real_path, made_path = (
        " ".join(
            f"{step * _SVG_WIDTH / 60:.1f},{base - height / top * (base - 4):.1f}"
            for step, height in enumerate(curve)
        )
        for curve in curves
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SVG_WIDTH} {_SVG_HEIGHT}">'
        f'<polygon points="0,{base} {real_path} {_SVG_WIDTH},{base}" fill="{palette.mark}" fill-opacity=".38"/>'
        f'<polyline points="{made_path}" fill="none" stroke="{palette.generate}" stroke-width="3" stroke-dasharray="7 4"/>'
        "</svg>"
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _standard_deviation(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def _density(values: Sequence[float], grid: Sequence[float], width: float) -> list[float]:
    return [sum(math.exp(-0.5 * ((x - value) / width) ** 2) for value in values) / len(values) for x in grid]
