"""Probability bars as a list of real text: readable by eye, by keyboard and by a screen reader.

Owns their look; knows nothing about what is being judged.
"""

from __future__ import annotations

from typing import Literal

from app.components.html import escape
from core.results import Classification
from core.wording import say_percent


def bars_html(
    result: Classification,
    *,
    meaning: Literal["p", "e"] = "p",
    most: int = 5,
    in_line: bool = False,
    hot: str | None = None,
) -> str:
    """Return the ``most`` likely labels, the first one (or ``hot``) in the colour of its meaning."""
    scores = list(result.labels[:most])
    if hot and hot not in {score.label for score in scores}:
        scores[-1] = next(score for score in result.labels if score.label == hot)
    chosen = hot or result.best.label
    rows: list[str] = []
    for score in scores:
        bar = f'<i aria-hidden="true"><u style="width:{score.prob * 100:.1f}%"></u></i>'
        name, number = f"<span>{escape(score.label)}</span>", f"<s>{escape(say_percent(score.prob))}</s>"
        inner = f"{name}{bar}{number}" if in_line else f"{name}{number}{bar}"
        rows.append(f'<li class="{"hot" if score.label == chosen else ""}">{inner}</li>')
    return f'<ul class="v-bars {meaning}{" line" if in_line else ""}">{"".join(rows)}</ul>'
