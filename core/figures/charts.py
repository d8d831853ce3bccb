"""The look that all Plotly figures share: no title, no legend, no grid, labels beside what they name.

Owns layout and axes; knows no data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.figures.palette import Palette

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

FONT = "Source Sans, sans-serif"


def new_figure(palette: Palette, *, height: int, margin: tuple[int, int, int, int]) -> Figure:
    """Return an empty figure in the house style; ``margin`` is (left, right, top, bottom) in pixels."""
    import plotly.graph_objects as go

    left, right, top, bottom = margin
    axis: dict[str, Any] = {
        "showgrid": False, "zeroline": False, "fixedrange": True, "ticks": "", "linecolor": palette.hairline,
        "tickfont": {"size": 16, "color": palette.muted}, "title": {"font": {"size": 17, "color": palette.muted}},
    }  # fmt: skip
    figure = go.Figure()
    figure.update_layout(
        height=height, margin={"l": left, "r": right, "t": top, "b": bottom}, showlegend=False, hovermode="closest",
        font={"family": FONT, "size": 16, "color": palette.ink}, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        xaxis=axis, yaxis=axis, transition={"duration": 200}, hoverlabel={"font": {"family": FONT, "size": 16}},
    )  # fmt: skip
    return figure


def label(
    figure: Figure, text: str, x: float, y: float, colour: str, *, anchor: str = "left", bold: bool = False,
    shift: tuple[int, int] = (0, 0), behind: str | None = None,
) -> None:  # fmt: skip
    """Put a word beside what it names, in data units, shifted by pixels (right, up); ``behind`` is a colour under it."""
    shown = f"<b>{text}</b>" if bold else text
    figure.add_annotation(
        x=x, y=y, text=shown, showarrow=False, xanchor=anchor, xshift=shift[0], yshift=shift[1],
        font={"size": 18, "color": colour}, bgcolor=behind,
    )  # fmt: skip
