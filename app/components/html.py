"""From words to safe HTML: the only place where text meets tags.

Owns escaping and the colours of meaning (``<b class="p">``); knows nothing about what the words say.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from core.specs import Message
from core.wording import Sentence, say

__all__ = ["Place", "escape", "to_html", "word", "write"]


def to_html(sentence: Sentence) -> str:
    """Return a sentence as HTML; every span is escaped, its meaning becomes a class."""
    return "".join(
        f'<b class="{span.meaning}">{escape(span.text)}</b>' if span.meaning else escape(span.text)
        for span in sentence.spans
    )


def word(key: str | Message, /, **values: object) -> str:
    """Word a key as HTML."""
    return to_html(say(key, **values))


class Place:
    """A place on the page whose content is known only later in the run: until then it shows what it showed last.

    Without this, a place above the work would be empty while the work goes on, and the page would flicker.
    """

    def __init__(self, key: str) -> None:
        self._key = f"_place_{key}"
        self._place = st.empty()
        if last := st.session_state.get(self._key):
            self._place.html(last)

    @property
    def is_filled(self) -> bool:
        """Whether it shows something from an earlier run."""
        return self._key in st.session_state

    def write(self, html: str, *, is_final: bool = True) -> None:
        """Show HTML that was built from escaped parts; ``is_final=False`` is progress, not remembered."""
        self._place.html(html)
        if is_final:
            st.session_state[self._key] = html


def write(html: str, *, is_wide: bool = True) -> None:
    """Show HTML that was built from escaped parts, as wide as its place or (in a row) as its content."""
    st.html(html, width="stretch" if is_wide else "content")
