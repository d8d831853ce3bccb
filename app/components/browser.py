"""How a component of our own gets into the browser: its HTML, and the style and script that lie beside it.

Owns the naming (``pad`` is made of ``pad.css`` and ``pad.js``); knows no component. The files are small, sent inline and
never built: what is in the repository is what runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streamlit.components.v2 import component

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_HERE = Path(__file__).parent


def define(name: str, *, html: str) -> ComponentRenderer:
    """Register the component ``name``; ``html`` is ours and never holds a visitor's text."""
    css, js = (_HERE.joinpath(f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return component(f"vitrine_{name}", html=html, css=css, js=js)
