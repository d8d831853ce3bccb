"""A picture under its map: green where it counted, and patches that can be hidden by a press.

Owns the still map (HTML) and the one to press (a component: arrows move, Space hides). Knows nothing about how the
map was made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from app.components.browser import define
from app.components.html import escape
from app.components.pictures import to_data_uri
from core.results import Attribution

_STRONGEST = 0.86  # opacity of the patch that counted most

Cell = tuple[int, int]

_PATCHES = define(
    "patches",
    html='<div class="map"><img alt=""><section role="grid"></section></div>',
)


def weights(result: Attribution) -> list[list[float]]:
    """Return each patch's share of the strongest one, 0..1; patches that speak against the answer get 0."""
    strongest = max(max(row) for row in result.scores)
    return [[max(score, 0.0) / strongest if strongest > 0 else 0.0 for score in row] for row in result.scores]


def press(
    key: str,
    result: Attribution,
    hidden: Sequence[Cell],
    *,
    alt: str,
    label: str,
    name: Callable[[int, int, float, bool], str],
    on_press: Callable[[Cell], None],
) -> None:
    """Show the map; call ``on_press`` with (row, column) of the patch that was pressed.

    Args:
        name: words a patch for a screen reader from row, column, weight 0..1 and whether it is hidden.
    """

    def pressed() -> None:
        cell = st.session_state[key]["pressed"]
        rows, columns = len(result.scores), len(result.scores[0])
        if cell in [
            [row, column] for row in range(rows) for column in range(columns)
        ]:  # a browser may send anything
            on_press((cell[0], cell[1]))

    cells: list[list[dict[str, Any]]] = [
        [
            {
                "weight": round(weight * _STRONGEST, 3),
                "hidden": (r, c) in hidden,
                "name": name(r, c, weight, (r, c) in hidden),
            }
            for c, weight in enumerate(row)
        ]
        for r, row in enumerate(weights(result))
    ]
    _PATCHES(
        key=key,
        data={"src": to_data_uri(result.picture), "alt": alt, "label": label, "cells": cells},
        on_pressed_change=pressed,
    )


def map_html(result: Attribution, *, alt: str, size_px: int, hidden: Sequence[Cell] = ()) -> str:
    """Return the map as a still picture: faded ink under the green, hidden patches hatched."""
    cells = "".join(
        '<i class="hidden"></i>' if (r, c) in hidden else f'<i style="opacity:{weight * _STRONGEST:.3f}"></i>'
        for r, row in enumerate(weights(result))
        for c, weight in enumerate(row)
    )
    side = len(result.scores)
    return (
        f'<div class="v-frame v-map" style="width:{size_px}px"><img src="{to_data_uri(result.picture)}" alt="{escape(alt)}">'
        f'<div style="grid-template:repeat({side},1fr)/repeat({side},1fr)" aria-hidden="true">{cells}</div></div>'
    )
