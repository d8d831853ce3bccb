"""Predict or generate, on a table: four sliders and a name, a name and twenty new rows, one cloud between them."""

from __future__ import annotations

from functools import cache

import streamlit as st

from app import examples, state
from app.components import page
from app.components.bars import bars_html
from app.components.html import escape, to_html, word, write
from app.components.page import Header
from app.components.quiz import ask_quiz
from core import registry
from core.data.datasets import TableDataset, load_iris
from core.figures.flowers import Cloud, draw_cloud, draw_spread
from core.figures.palette import Palette, get_palette
from core.results import Answer, Classification, GeneratedRows
from core.wording import get_words, say

_KEY = "predict-or-generate.table"
_AXES = ("petal length", "petal width")
_SENT = "_sent_flower"
_MAX_SEED = 999_999

_CLOSE = 0.5
"""Averages that differ by less than half a standard deviation: a small effect by Cohen's (1988) convention."""


def show(header: Header) -> None:
    """Show both panels and the cloud between them, then say what came out."""
    data = load_iris()
    palette = get_palette(st.context.theme.type)
    with st.container(key="exhibit"):
        left, rest = st.columns([3.1, 8.4], gap="medium")
        with rest:
            middle, right = st.columns([5, 3.35], gap="medium")
            with right, st.container(key="panel-generate"), state.guard():
                made = _generate(data)
            with st.container(key="strip"):
                _same_statistics(data, made, palette)
        with left, st.container(key="panel-predict", height="stretch"), state.guard():
            values, predicted = _predict(data)
            with middle:
                _show_cloud(data, values, made, palette)
    _answer(header, data, predicted, made)
    _foot(data)


def _slug(feature: str) -> str:
    return feature.replace(" ", "_")


@cache
def _range(feature: str) -> tuple[float, float]:
    """From a fifth of the spread below the smallest real value to a fifth above: room for flowers nobody has seen."""
    data = load_iris()
    column = data.X[:, data.feature_names.index(feature)]
    room = 0.2 * float(column.max() - column.min())
    return round(max(float(column.min()) - room, 0.1), 1), round(float(column.max()) + room, 1)


def _predict(data: TableDataset) -> tuple[dict[str, float], Answer]:
    page.verb("p", "predict-or-generate.predict.verb", "predict-or-generate.predict.table")
    names = get_words(f"{_KEY}.features")
    values: dict[str, float] = {}
    for feature in data.feature_names:
        low, high = _range(feature)
        values[feature] = state.slide(
            _slug(feature),
            names[feature],
            low,
            high,
            examples.FLOWER[feature],
            unit="cm",
            on_move=_forget_sent,
        )
    answer = state.ask(examples.flower_request(values))
    write(bars_html(answer.expect(Classification), in_line=True))
    return values, answer


def _forget_sent() -> None:
    st.session_state.pop(_SENT, None)


def _generate(data: TableDataset) -> Answer:
    page.verb("g", "predict-or-generate.generate.verb", "predict-or-generate.generate.table")
    words = get_words(_KEY)
    kind = st.pills(
        words["which"], list(data.label_names), default=examples.FLOWER_KIND, required=True, key="kind",
        bind="query-params", label_visibility="collapsed", wrap=True,
    )  # fmt: skip
    seed = state.get_number("seed", examples.SEED, _MAX_SEED)
    st.button(
        str(say(f"{_KEY}.make", count=examples.NUM_FLOWERS)), key="do-generate", type="primary", width="stretch",
        on_click=_next_seed, args=(seed,),
    )  # fmt: skip
    answer = state.ask(examples.flowers_request(kind or examples.FLOWER_KIND, seed))
    rows = answer.expect(GeneratedRows)
    write(_rows_html(rows))
    st.button(
        word("predict-or-generate.ask-predictor"), key="ask-predictor", icon=":material/arrow_back:", width="stretch",
        on_click=_send, args=(rows.rows[0].values,),
    )  # fmt: skip
    return answer


def _next_seed(seed: int) -> None:
    state.set_choice("seed", (seed + examples.NUM_FLOWERS) % _MAX_SEED, examples.SEED)


def _send(row: tuple[tuple[str, float], ...]) -> None:
    """Move the sliders to a made flower; a value outside a slider's range goes to its end."""
    for feature, value in row:
        low, high = _range(feature)
        state.set_choice(
            _slug(feature), f"{min(max(value, low), high):.1f}", f"{examples.FLOWER[feature]:.1f}"
        )
    st.session_state[_SENT] = True


def _rows_html(result: GeneratedRows) -> str:
    names = get_words(f"{_KEY}.row-names")
    head = "".join(f'<th scope="col">{escape(names[name])}</th>' for name, _ in result.rows[0].values)
    body = "".join(
        "<tr>" + "".join(f"<td>{value:.1f}</td>" for _, value in row.values) + "</tr>"
        for row in result.rows[:2]
    )
    caption = word(f"{_KEY}.rows", count=len(result.rows))
    return f'<p class="v-caption">{caption}</p><table class="v-rows"><tr>{head}</tr>{body}</table>'


def _columns(result: GeneratedRows, feature: str) -> list[float]:
    return [dict(row.values)[feature] for row in result.rows]


def _show_cloud(data: TableDataset, values: dict[str, float], made: Answer, palette: Palette) -> None:
    rows = made.expect(GeneratedRows)
    x, y = (data.feature_names.index(axis) for axis in _AXES)
    kind = rows.rows[0].label
    names = get_words(f"{_KEY}.features")
    cloud = Cloud(
        axis_names=tuple(str(say(f"{_KEY}.axis", feature=names[axis].lower())) for axis in _AXES),
        real=[
            (name, data.X[data.y == index, x].tolist(), data.X[data.y == index, y].tolist())
            for index, name in enumerate(data.label_names)
        ],
        made=(kind, _columns(rows, _AXES[0]), _columns(rows, _AXES[1])),
        yours=(values[_AXES[0]], values[_AXES[1]]),
        made_name=str(say(f"{_KEY}.made", label=kind)),
        yours_name=str(say(f"{_KEY}.sent" if st.session_state.get(_SENT) else f"{_KEY}.yours")),
    )  # fmt: skip
    alt = str(say(f"{_KEY}.cloud-alt", real=len(data.X), made=len(rows.rows)))
    st.plotly_chart(
        draw_cloud(cloud, palette), theme=None, alt=alt, config={"displayModeBar": False}, key="cloud"
    )
    write(f'<p class="v-caption v-key">{word(f"{_KEY}.key", yours=cloud.yours_name)}</p>')


def _same_statistics(data: TableDataset, made: Answer, palette: Palette) -> None:
    """Say in which feature the new rows differ most from the real ones of their kind, in standard deviations."""
    rows = made.expect(GeneratedRows)
    kind = rows.rows[0].label
    real = data.X[data.y == data.label_names.index(kind)]
    averages: dict[str, tuple[float, float]] = {}
    gaps: dict[str, float] = {}
    pictures: list[str] = []
    for index, feature in enumerate(data.feature_names):
        new, old = _columns(rows, feature), real[:, index]
        averages[feature] = sum(new) / len(new), float(old.mean())
        gaps[feature] = abs(averages[feature][0] - averages[feature][1]) / float(old.std())
        alt = say(
            f"{_KEY}.spread-alt",
            feature=feature,
            made=f"{averages[feature][0]:.1f}",
            real=f"{averages[feature][1]:.1f}",
        )
        pictures.append(
            f'<figure><img src="{draw_spread(old.tolist(), new, palette)}" alt="{escape(str(alt))}">'
            f"<figcaption>{escape(feature)}</figcaption></figure>"
        )
    widest = max(gaps, key=gaps.__getitem__)
    decimals = (
        1 if len({f"{value:.1f}" for value in averages[widest]}) == 2 else 2
    )  # never "1.5, real ones 1.5"
    sentence = say(
        f"{_KEY}.same-close" if gaps[widest] < _CLOSE else f"{_KEY}.same-apart",
        label=kind,
        feature=widest,
        made=f"{averages[widest][0]:.{decimals}f}",
        real=f"{averages[widest][1]:.{decimals}f}",
    )
    write(
        f'<div class="v-same"><div><h3 class="v-sub">{word(f"{_KEY}.same")}</h3><p>{to_html(sentence)}</p></div>'
        f'<div class="v-spreads">{"".join(pictures)}</div></div>'
    )


def _count_real(data: TableDataset, rows: GeneratedRows) -> int:
    """Count the new rows that equal a real one to the last digit: rounded as the real ones are, some can."""
    real = {tuple(round(float(value), 1) for value in row) for row in data.X}
    return sum(tuple(round(value, 1) for _, value in row.values) in real for row in rows.rows)


def _answer(header: Header, data: TableDataset, predicted: Answer, made: Answer) -> None:
    read, rows = predicted.expect(Classification), made.expect(GeneratedRows)
    copies = _count_real(data, rows)
    which = "answer-sent" if st.session_state.get(_SENT) else "answer-yours"
    header.answer(
        say(f"{_KEY}.{which}", label=read.best.label, prob=read.best.prob),
        say(
            f"{_KEY}.answer-made" if copies == 0 else f"{_KEY}.answer-some-real",
            num=len(rows.rows),
            label=rows.rows[0].label,
            count=copies,
        ),
        recorded=page.is_recorded(predicted, made),
    )


def _foot(data: TableDataset) -> None:
    def deeper() -> None:
        card = registry.get_model("iris-classifier").card
        accuracy = next(metric for metric in card["metrics"] if metric["name"] == "accuracy")
        page.sections(
            f"{_KEY}.deeper", train=len(data.split.train), test=len(data.split.test), n=accuracy["n"],
            accuracy=accuracy["value"], low=accuracy["low"], high=accuracy["high"],
            limits=" ".join(card["limits"]),
        )  # fmt: skip

    page.foot(
        say(f"{_KEY}.happened"),
        {
            "look-deeper": deeper,
            "check-yourself": lambda: ask_quiz(f"{_KEY}.quiz"),
            "presenter-notes": lambda: page.sections(f"{_KEY}.notes"),
        },
    )
