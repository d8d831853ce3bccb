"""Figures draw what they are given: right values, both themes, nothing that fetches, no word of a visitor as markup."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from core.figures.deletion import draw_deletion
from core.figures.flowers import Cloud, draw_cloud, draw_spread
from core.figures.palette import DARK, LIGHT, Palette, get_palette
from core.results import Faithfulness

CHECK = Faithfulness((0.9, 0.3, 0.1, 0.05), (0.9, 0.8, 0.6, 0.05), 20)
SVG = "data:image/svg+xml;base64,"


def contrast(a: str, b: str) -> float:
    """Return the WCAG contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["predict_text", "generate_text", "explain_text", "ink", "muted"])
def test_words_in_figures_can_be_read(palette: Palette, name: str):
    assert contrast(getattr(palette, name), palette.page) >= 7


def test_an_unknown_theme_is_drawn_light():
    assert get_palette(None) is get_palette("light") is LIGHT
    assert get_palette("dark") is DARK


def test_the_deletion_figure_draws_both_curves_as_they_are():
    figure: Any = draw_deletion(CHECK, LIGHT, axis_name="hidden", marked="marked", random="random")
    drawn = [tuple(trace.y) for trace in figure.data]
    assert set(drawn) == {CHECK.marked_first, CHECK.at_random}
    assert all(tuple(trace.x) == (0, 1, 2, 3) for trace in figure.data)
    labels = {note.text.replace("<b>", "").replace("</b>", ""): note for note in figure.layout.annotations}
    assert labels["marked"].y in CHECK.marked_first
    assert labels["random"].y in CHECK.at_random


def test_a_label_stands_on_its_own_curve_even_when_the_map_is_worse_than_random():
    worse = Faithfulness(CHECK.at_random, CHECK.marked_first, 20)
    figure: Any = draw_deletion(worse, LIGHT, axis_name="hidden", marked="marked", random="random")
    labels = {note.text.replace("<b>", "").replace("</b>", ""): note for note in figure.layout.annotations}
    at = int(labels["marked"].x)
    assert labels["marked"].y == worse.marked_first[at]
    assert labels["random"].y == worse.at_random[at]


def build_cloud(yours: tuple[float, float] = (4.9, 1.7)) -> Cloud:
    real = [("setosa", [1.4, 1.5], [0.2, 0.3]), ("virginica", [5.5, 6.1], [2.0, 2.3])]
    return Cloud(
        ("length", "width"), real, ("virginica", [5.7], [2.1]), yours, "new virginica", "your flower"
    )


def test_the_cloud_draws_every_row_and_yours():
    figure: Any = draw_cloud(build_cloud(), LIGHT)
    points = {trace.name: list(zip(trace.x, trace.y, strict=True)) for trace in figure.data}
    assert points == {
        "setosa": [(1.4, 0.2), (1.5, 0.3)], "virginica": [(5.5, 2.0), (6.1, 2.3)],
        "new virginica": [(5.7, 2.1)], "your flower": [(4.9, 1.7)],
    }  # fmt: skip


def test_made_marks_are_hollow_and_have_the_shape_of_their_kind():
    figure: Any = draw_cloud(build_cloud(), LIGHT)
    symbols = {trace.name: trace.marker.symbol for trace in figure.data}
    assert symbols["new virginica"] == f"{symbols['virginica']}-open"
    assert symbols["setosa"] != symbols["virginica"]


@pytest.mark.parametrize(
    "draw",
    [
        lambda palette: draw_cloud(build_cloud(), palette),
        lambda palette: draw_deletion(CHECK, palette, axis_name="a", marked="m", random="r"),
    ],
)
def test_dark_figures_use_no_light_colour(draw):
    light_only = {LIGHT.page, LIGHT.ink, LIGHT.muted, LIGHT.predict, LIGHT.generate, LIGHT.explain}
    used = set(re.findall(r"#[0-9A-F]{6}", draw(DARK).to_json()))
    assert not used & light_only


def test_figures_have_no_title_legend_grid_or_network():
    figures: list[Any] = [
        draw_cloud(build_cloud(), LIGHT),
        draw_deletion(CHECK, LIGHT, axis_name="a", marked="m", random="r"),
    ]
    for figure in figures:
        assert figure.layout.showlegend is False
        assert not figure.layout.xaxis.showgrid
        assert figure.layout.xaxis.fixedrange
        assert figure.layout.title.text is None
        assert {trace.type for trace in figure.data} <= {"scatter"}


def read_svg(uri: str) -> ET.Element:
    return ET.fromstring(base64.b64decode(uri.removeprefix(SVG)))


@pytest.mark.parametrize(
    ("real", "made"),
    [([1.0, 2.0, 3.0], [1.1, 2.1]), ([2.0, 2.0, 2.0], [2.0]), ([1.0], [100.0]), ([0.0, 1e-9], [0.0])],
    ids=["usual", "all alike", "far apart", "tiny"],
)
def test_the_spread_is_a_picture_of_finite_points_within_its_frame(
    real: Sequence[float], made: Sequence[float]
):
    uri = draw_spread(real, made, LIGHT)
    assert uri.startswith(SVG)
    svg = read_svg(uri)
    *_, width, height = map(float, svg.attrib["viewBox"].split())
    for shape in svg:
        points = [tuple(map(float, pair.split(","))) for pair in shape.attrib["points"].split()]
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points)


def test_the_spread_of_made_rows_is_dashed_and_follows_them():
    low, high = (read_svg(draw_spread([1.0, 2.0, 3.0], made, LIGHT)) for made in ([1.0, 1.1], [2.9, 3.0]))

    def find_peak(svg: ET.Element) -> float:
        line = svg[1]
        assert line.attrib["stroke-dasharray"]
        return min(
            (float(pair.split(",")[1]), float(pair.split(",")[0])) for pair in line.attrib["points"].split()
        )[1]

    assert find_peak(low) < find_peak(high)
