"""A row of small pictures, one of which is picked: real ones with a solid edge, made ones with a dashed one.

Owns the component and its keyboard (one tab stop, arrows move and pick, Home and End); knows nothing about what
the pictures show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.components.browser import define
from app.components.pictures import to_data_uri
from core.requests import Picture

_PICKER = define(
    "picker",
    html='<section role="radiogroup"></section>',
)


def pick(
    key: str,
    pictures: Sequence[tuple[str, Picture]],
    *,
    label: str,
    picked: int,
    on_pick: Callable[[int], None],
    made: bool = False,
) -> None:
    """Show pictures, each with its name for a screen reader, and call ``on_pick`` with the index of a press.

    Args:
        key: unique on the page.
        picked: index of the one that is picked now; -1 for none.
    """

    def picked_one() -> None:
        index = st.session_state[key]["picked"]
        if isinstance(index, int) and 0 <= index < len(pictures):  # what a browser sends is not to be trusted
            on_pick(index)

    items = [{"alt": name, "src": to_data_uri(picture)} for name, picture in pictures]
    _PICKER(
        key=key,
        data={"items": items, "picked": picked, "label": label, "made": made},
        on_picked_change=picked_one,
    )
