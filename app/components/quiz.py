"""One question with an answer at once: the drawer "Check yourself".

Owns the form of a question; the words, the right option and its reason come from the content files.
"""

from __future__ import annotations

import streamlit as st

from app.components.html import escape, word, write
from core.wording import get_words


def ask_quiz(key: str) -> None:
    """Ask the question under a key: {question, options, right, because}."""
    words = get_words(key)
    write(f'<h3 class="v-sub">{escape(words["question"])}</h3>')
    picked = st.radio(
        words["question"], range(len(words["options"])), index=None, format_func=lambda index: words["options"][index],
        label_visibility="collapsed", key=f"quiz-{key}",
    )  # fmt: skip
    if picked is not None:
        verdict = "common.quiz.right" if picked == words["right"] else "common.quiz.wrong"
        write(f'<p role="status">{word(verdict, because=words["because"])}</p>')
