"""Which screens there are, under which address, in which menu.

Owns the table below; a screen is the function ``show`` of its module and is imported when it is first opened.
Screens link to each other through here, so that none imports another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import streamlit as st

from core.wording import get_words


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen: its address (and the key of its title, ``common.screens.<slug>``) and the key of its menu."""

    slug: str
    menu: str

    def show(self) -> None:
        """Run the screen's module."""
        import_module(f"app.screens.{self.slug.replace('-', '_')}").show()


SCREENS: tuple[Screen, ...] = (
    Screen("home", ""),
    Screen("predict-or-generate", "predict-and-generate"),
    Screen("where-did-it-look", "explain"),
    Screen("project-board", "plan"),
    Screen("what-is-running", "machine"),
)


def get_page(slug: str) -> st.Page:
    """Return Streamlit's page of a screen, to run it or to link to it."""
    screen = next(screen for screen in SCREENS if screen.slug == slug)
    title = str(get_words(f"common.screens.{screen.slug}"))
    if slug == "home":
        return st.Page(screen.show, title=title, default=True)  # its address is "/"
    return st.Page(screen.show, title=title, url_path=slug)


def get_menu() -> Mapping[str, list[st.Page]]:
    """Return the top bar: the brand first, then a menu for each group."""
    menu: dict[str, list[st.Page]] = {}
    for screen in SCREENS:
        name = str(get_words(f"common.menu.{screen.menu}")) if screen.menu else ""
        menu.setdefault(name, []).append(get_page(screen.slug))
    return menu


def link(slug: str, label: str, *, icon: str | None = None, after: bool = False, **query: str) -> None:
    """Show a real link to a screen, with choices in its address."""
    st.page_link(
        get_page(slug),
        label=label,
        icon=f":material/{icon}:" if icon else None,
        icon_position="right" if after else "left",
        query_params=query or None,
    )
