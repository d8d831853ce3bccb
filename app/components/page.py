"""The skeleton of every screen: question, answer, exhibit, what just happened, drawer.

Owns the order and the places; knows nothing about the content. The answer is written last, when the result is
known, into a place that stands first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from app.components.html import Place, escape, to_html, word, write
from core.results import Answer
from core.wording import Sentence, fill, get_words, say


class Header:
    """The question, a chooser beside it, and the place of the answer."""

    def __init__(self, question: str, chooser: Callable[[], object] | None = None) -> None:
        with st.container(horizontal=True, key="question", horizontal_alignment="distribute"):
            write(f'<h1 class="v-question">{escape(question)}</h1>', is_wide=False)
            if chooser:
                chooser()
        self._place = Place(f"answer-{question}")

    def answer(self, *sentences: Sentence, recorded: bool = False) -> None:
        """Put the finding under the question. ``recorded`` marks it as not computed just now."""
        mark = f'<span class="v-recorded">{word("common.recorded")}</span>' if recorded else ""
        text = " ".join(to_html(sentence) for sentence in sentences)
        self._place.write(f'<p class="v-answer" role="status">{text}{mark}</p>')


def verb(kind: str, verb_key: str, says_key: str, formula_key: str | None = None) -> None:
    """Show the head of a panel: its verb, what goes in and out, and the formula. ``kind`` is p, g, e or v."""
    formula = f"<em>{word(formula_key)}</em>" if formula_key else ""
    write(f'<div class="v-verb {kind}"><h2>{word(verb_key)}</h2><span>{word(says_key)}</span>{formula}</div>')


def foot(happened: Sentence, drawers: Mapping[str, Callable[[], None]]) -> None:
    """Show what just happened and the buttons that open drawers.

    Args:
        happened: at most two lines.
        drawers: ``look-deeper``, ``check-yourself``, ``presenter-notes`` -> what fills the drawer.
    """
    with st.container(horizontal=True, key="foot", horizontal_alignment="distribute"):
        with st.container(width=600):
            write(f'<p class="v-happened"><b>{word("common.what-just-happened")}</b>{to_html(happened)}</p>')
        with st.container(horizontal=True, width="content", key="foot-buttons"):
            for name, fill in drawers.items():
                words = get_words(f"common.drawers.{name}")
                if st.button(
                    words["title"], key=f"open-{name}", type="tertiary", icon=f":material/{words['icon']}:"
                ):
                    _open(words["title"], fill)


def _open(title: str, fill: Callable[[], None]) -> None:
    @st.dialog(title, position="right", width="small")
    def drawer() -> None:
        fill()

    drawer()


def sections(key: str, **values: object) -> None:
    """Fill a drawer with the headed paragraphs under a key: a list of {title, text}."""
    for entry in get_words(key):
        write(f'<h3 class="v-sub">{escape(entry["title"])}</h3><p>{to_html(fill(entry["text"], values))}</p>')


def is_recorded(*answers: Answer) -> bool:
    """Whether any of these answers was recorded rather than computed just now."""
    return any(answer.recorded is not None for answer in answers)


def say_nothing_yet(key: str) -> None:
    """Show a quiet sentence where a result will be."""
    write(f'<p class="v-caption">{to_html(say(key))}</p>')
