"""What surrounds every page: the style sheet, the theme that dialogs need, the top bar.

Owns the frame; knows nothing about the pages inside it.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.components.browser import define
from app.components.html import write
from core.wording import get_words

_STYLE = Path(__file__).with_name("style.css")

_COPY_LINK = define(
    "copy_link",
    html='<button type="button" hidden><span aria-hidden="true"></span><b></b></button><p role="status"></p>',
)


def show_style() -> None:
    """Send the style sheet, first of all, and tell ``:root`` the theme: dialogs live outside the app element."""
    st.html(_STYLE)
    theme = st.context.theme.type
    if theme in {"light", "dark"}:
        write(f"<style>:root{{color-scheme:{theme};--invert:{1 if theme == 'dark' else 0}}}</style>")
    else:  # unknown on the very first run: follow the system, as Streamlit does
        write(
            "<style>:root{color-scheme:light dark}@media(prefers-color-scheme:dark){:root{--invert:1}}</style>"
        )


def show_top_bar() -> None:
    """Show what is at hand on every page: copying its link."""
    words = get_words("common.copy-link")
    with st.container(key="topbar"):
        _COPY_LINK(key="copy-link", data={"label": words["label"], "done": words["done"]})
