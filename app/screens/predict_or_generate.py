"""Predict or generate? One data set, two directions side by side: a name for what is there, something new for a name."""

from __future__ import annotations

from importlib import import_module

from app import state
from app.components.page import Header
from core.wording import get_words

_KINDS = {"table": "app.screens.table_panels", "image": "app.screens.image_panels"}


def show() -> None:
    """Show the data set that the address names."""
    words = get_words("predict-or-generate.chooser")
    header = Header(
        get_words("common.screens.predict-or-generate"), lambda: state.choose("data", list(_KINDS), words)
    )
    kind = state.get_choice("data", list(_KINDS), "table")
    import_module(_KINDS[kind]).show(header)
