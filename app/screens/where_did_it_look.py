"""Where did it look? One picture under its map, the answer with parts hidden, and whether the map can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import examples, state
from app.components import page, patches
from app.components.bars import bars_html
from app.components.html import escape, word, write
from app.components.page import Header
from app.components.patches import Cell
from app.components.quiz import ask_quiz
from app.screens import picture_input
from core.explainers.occlusion import hide
from core.explainers.sentence import describe, describe_hidden, get_strongest, locate
from core.figures.deletion import draw_deletion
from core.figures.palette import get_palette
from core.results import Answer, Attribution, Classification
from core.specs import Message
from core.wording import get_words, say, say_percent

_KEY = "where-did-it-look"
_WAYS = ("pick", "draw", "upload", "photo")


_LAST = "_looked_at"


def show() -> None:
    """Show the map, the verdict and the check."""
    way = picture_input.get_way(_WAYS)
    header = Header(get_words("common.screens.where-did-it-look"), lambda: picture_input.choose_way(_WAYS))
    explained: Answer | None = None
    with st.container(key="exhibit"):
        left, middle, right = st.columns([4, 3, 4], gap="medium")
        with middle, state.guard():
            pad_place, verdict_place = st.container(), st.container()
            if picture := picture_input.take(way, pad_place).picture:
                explained = state.ask(examples.look_request(picture))
        if explained:
            result = explained.expect(Attribution)
            with right, st.container(key="panel-explain"):
                _show_trust(result)
            with left, state.guard():
                _show_map(result, _read_hidden(result))
            with verdict_place, state.guard():
                hidden = _read_hidden(result)
                now = _read_without(result, hidden) if hidden else result.classification
                _show_verdict(result, now, hidden, num_bars=0 if way == "draw" else 4)
                header.answer(say(_describe(result, hidden, now)), recorded=page.is_recorded(explained))
    if explained:
        _foot(explained.expect(Attribution))
    else:
        header.answer(say(f"{_KEY}.waiting"))


def _read_hidden(result: Attribution) -> tuple[Cell, ...]:
    """Return the hidden patches from the address: numbers in reading order (``hide=5.9``), or ``none``.

    Before the visitor has chosen, the strongest ones are hidden: they are what the answer is about.
    """
    last = st.session_state.get(_LAST)
    if last is not None and last != result.picture:  # what was hidden was hidden in another picture
        st.query_params.pop("hide", None)
    st.session_state[_LAST] = result.picture
    raw = st.query_params.get("hide")
    if raw is None:
        return get_strongest(result)
    side = len(result.scores)
    parts = raw.split(".")[: side * side]
    numbers = {int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 4}
    return tuple(divmod(number, side) for number in sorted(numbers) if number < side * side)


def _press(cell: Cell, result: Attribution) -> None:
    """Hide a patch, or show it again."""
    cells = sorted(set(_read_hidden(result)) ^ {cell})
    side = len(result.scores)
    st.query_params["hide"] = ".".join(str(row * side + column) for row, column in cells) or "none"


def _show_map(result: Attribution, hidden: tuple[Cell, ...]) -> None:
    side = len(result.scores)

    def name(row: int, column: int, weight: float, is_hidden: bool) -> str:
        key = f"{_KEY}.map.hidden" if is_hidden else f"{_KEY}.map.patch"
        return str(say(key, row=row + 1, column=column + 1, weight=f"{round(weight * 100)} %"))

    patches.press(
        "patches", result, hidden, alt=str(say(f"{_KEY}.map.alt")),
        label=str(say(f"{_KEY}.map.label", rows=side, columns=len(result.scores[0]))), name=name,
        on_press=lambda cell: _press(cell, result),
    )  # fmt: skip
    write(f'<p class="v-caption">{word(f"{_KEY}.hidden-hint" if hidden else f"{_KEY}.hint")}</p>')


def _read_without(result: Attribution, hidden: Sequence[Cell]) -> Classification:
    """Ask the predictor again, with patches hidden as the method hides them."""
    return state.ask(examples.digit_request(hide(result.picture, hidden, result.patch_size))).expect(
        Classification
    )


def _describe(result: Attribution, hidden: tuple[Cell, ...], now: Classification) -> Message:
    """Say what hiding did: the strongest patches at first, then whatever the visitor hides."""
    if set(hidden) == set(get_strongest(result)):
        return describe(result, now)
    if hidden:
        return describe_hidden(result, hidden, now)
    return Message(
        f"{_KEY}.answer-nothing-hidden",
        {"where": locate(result.scores), "label": result.label, "prob": result.prob},
    )


def _show_verdict(
    result: Attribution, now: Classification, hidden: tuple[Cell, ...], *, num_bars: int
) -> None:
    before, after = escape(say_percent(result.prob)), escape(say_percent(now.prob_of(result.label)))
    change = f'<span>{before} <em aria-hidden="true">→</em></span> ' if hidden else ""
    says = word(f"{_KEY}.it-says-hidden", count=len(hidden)) if hidden else word(f"{_KEY}.it-says")
    sure = word(f"{_KEY}.sure-of", label=result.label)
    write(
        f'<div class="v-verdict"><p>{says}</p><h2>{word(f"{_KEY}.a-digit", label=now.best.label)}</h2>'
        f'<p class="v-sure">{sure}</p><p class="v-big">{change}<b>{after}</b></p></div>'
        + (bars_html(now, meaning="e", most=num_bars, hot=result.label) if num_bars else "")
    )
    if hidden:
        st.button(
            str(say(f"{_KEY}.restore")), key="restore", icon=":material/undo:", width="stretch",
            on_click=lambda: state.set_choice("hide", "none", ""),
        )  # fmt: skip


def _show_trust(result: Attribution) -> None:
    check = result.faithfulness
    verdict = "holds" if check.is_better_than_random else "fails"
    write(
        f'<h2 class="v-sub v-explain">{word(f"{_KEY}.trust.title")}</h2>'
        f'<p class="v-trust">{word(f"{_KEY}.trust.{verdict}")}</p>'
    )
    words = get_words(f"{_KEY}.trust")
    figure = draw_deletion(
        check,
        get_palette(st.context.theme.type),
        axis_name=words["axis"],
        marked=words["marked"],
        random=words["random"],
    )
    alt = say(
        f"{_KEY}.trust.alt",
        label=result.label,
        marked=say_percent(check.area_marked),
        random=say_percent(check.area_random),
    )
    st.plotly_chart(figure, theme=None, alt=str(alt), config={"displayModeBar": False}, key="deletion")
    write(f'<p class="v-caption">{escape(words["limit"])}</p>')


def _foot(result: Attribution) -> None:
    page.foot(
        say(f"{_KEY}.happened", calls=result.num_model_calls),
        {
            "look-deeper": lambda: page.sections(
                f"{_KEY}.deeper", orders=result.faithfulness.num_random_orders
            ),
            "check-yourself": lambda: ask_quiz(f"{_KEY}.quiz"),
            "presenter-notes": lambda: page.sections(f"{_KEY}.notes"),
        },
    )
